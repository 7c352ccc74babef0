/*-------------------------------------------------------------------------
 * metrics_answer.h
 *	  Metrics over HTTP: who may read them, and in which format.
 *
 * src/metrics/metrics_answer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_METRICS_ANSWER_H
#define RESPOND_METRICS_ANSWER_H

#include "companion/web_answer.h"

/*
 * Answers GET /metrics.  cluster: of all databases, which only the networks of
 * pg_respond.gateway_metrics_networks may read; else of this one, which a token
 * may read as well.  Has its own transaction, and only to check a token.
 */
extern WebAnswer *respond_metrics_answer(Arena *arena, const WebRequest *request, bool cluster);

/* For pg_respond.gateway_metrics_networks: whether it is a list of networks. */
extern bool respond_metrics_check_networks(const char *text, char *error, size_t size);

#endif							/* RESPOND_METRICS_ANSWER_H */
