/*-------------------------------------------------------------------------
 * numeric_size.h
 *	  How long a number is as text, without writing it.
 *
 * src/common/numeric_size.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NUMERIC_SIZE_H
#define RESPOND_NUMERIC_SIZE_H

#include "utils/numeric.h"

/*
 * As many bytes as numeric_out writes, without the NUL; for NaN and infinities
 * a few more.  The number must not be toasted; those inside jsonb never are.
 */
extern Size respond_numeric_text_size(Numeric number);

extern bool respond_numeric_is_zero(Numeric number);

#endif							/* RESPOND_NUMERIC_SIZE_H */
