/*-------------------------------------------------------------------------
 * run_target.c
 *	  The run for which something happened.
 *
 * Whoever deletes a run by hand, or gives it a final status, leaves its waits
 * behind.  They would be met by each event of their key.
 *
 * src/dispatcher/run_target.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "dispatcher/run_target.h"
#include "wait/wait_rows.h"

RunUnderWay *
respond_run_target(const Awakening *awakening)
{
	RunUnderWay *run = respond_run_find_any(awakening->run_id, awakening->run_started_at);

	if (run == NULL || !respond_run_is_under_way(run))
	{
		(void) respond_waits_take(awakening->run_id);
		return NULL;
	}
	return run;
}
