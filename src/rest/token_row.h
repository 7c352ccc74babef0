/*-------------------------------------------------------------------------
 * token_row.h
 *	  Columns of respond.api_token.
 *
 * src/rest/token_row.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TOKEN_ROW_H
#define RESPOND_TOKEN_ROW_H

#include "common/shape.h"

enum
{
	TOKEN_NAME, TOKEN_HASH, TOKEN_DB_ROLE, TOKEN_SCOPES, TOKEN_EXPIRES_AT, TOKEN_ALLOW_NETWORKS, TOKEN_ENABLED,
	TOKEN_CREATED_AT, TOKEN_CREATED_BY, TOKEN_USED_AT, TOKEN_USED_FROM, TOKEN_ROLE_ID, TOKEN_ROLE_SYSTEM,
	TOKEN_ROLE_LOGIN, TOKEN_FOR_SUPERUSER,
	TOKEN_COLUMNS
};

extern const Shape respond_shape_api_token;

#endif							/* RESPOND_TOKEN_ROW_H */
