/*-------------------------------------------------------------------------
 * curl_compat.h
 *	  What differs between the releases of libcurl that we build with, from 7.88 on.
 *
 * No other file asks for its release.  Options have their newest names.
 *
 * src/transport/curl_compat.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CURL_COMPAT_H
#define RESPOND_CURL_COMPAT_H

#include <curl/curl.h>

/* 8.2.0: it lost one of its three L. */
#if LIBCURL_VERSION_NUM < 0x080200
#define CURLOPT_MAIL_RCPT_ALLOWFAILS CURLOPT_MAIL_RCPT_ALLLOWFAILS
#endif

/* 8.6.0: what is beyond a limit of libcurl has a code of its own. */
#if LIBCURL_VERSION_NUM < 0x080600
#define CURLE_TOO_LARGE CURLE_OUT_OF_MEMORY
#endif

#endif							/* RESPOND_CURL_COMPAT_H */
