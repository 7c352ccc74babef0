/*-------------------------------------------------------------------------
 * run_peek.c
 *	  What a saved run says of its pause, without taking the run up.
 *
 * What is not as expected counts as missing here; who takes the run up says what
 * is wrong with it.
 *
 * src/flow/run_peek.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/jsonb_read.h"
#include "common/time_read.h"
#include "flow/run_peek.h"

static TimestampTz
read_time(JsonbContainer *object, const char *name, TimestampTz otherwise)
{
	char	   *text = respond_jsonb_find_text(object, name);
	TimestampTz time;

	return text != NULL && respond_time_read(text, &time) ? time : otherwise;
}

void
respond_run_pause(Jsonb *saved, FlowPause *pause)
{
	JsonbContainer *object = respond_jsonb_find_container(&saved->root, "pause");
	JsonbContainer *memo = respond_jsonb_find_container(object, "memo");

	memset(pause, 0, sizeof(*pause));
	pause->number = respond_jsonb_find_int64(&saved->root, "pauses");
	if (object == NULL)
		return;
	pause->waits_for = respond_jsonb_find_text(object, "for");
	pause->since = read_time(object, "since", 0);
	pause->due_at = read_time(object, "due", DT_NOEND);
	pause->timer = respond_jsonb_find_int64(object, "timer");
	if (memo != NULL)
		pause->memo = respond_jsonb_find_member(object, "memo");
	pause->place = respond_jsonb_find_member(object, "place");
}

static JsonbContainer *
find_frames(Jsonb *saved, uint32 *count)
{
	JsonbContainer *frames = respond_jsonb_find_container(&saved->root, "at");

	*count = frames != NULL && JsonContainerIsArray(frames) ? JsonContainerSize(frames) : 0;
	return frames;
}

/* Where the run stands in one of its arrays of steps, 0: the outermost; NULL: that is not there. */
static JsonbContainer *
find_frame(Jsonb *saved, uint32 number)
{
	uint32		count;
	JsonbContainer *frames = find_frames(saved, &count);
	JsonbValue *frame = number < count ? getIthJsonbValueFromContainer(frames, number) : NULL;

	return frame != NULL && frame->type == jbvBinary ? frame->val.binary.data : NULL;
}

bool
respond_run_is_in(Jsonb *saved, const char *part)
{
	char	   *name = respond_jsonb_find_text(find_frame(saved, 0), "part");

	return name != NULL && strcmp(name, part) == 0;
}

int64
respond_pause_delivery(const FlowPause *pause)
{
	return respond_jsonb_find_int64(respond_jsonb_root(pause->memo), "delivery");
}

int64
respond_pause_called(const FlowPause *pause)
{
	return respond_jsonb_find_int64(respond_jsonb_root(pause->memo), "run");
}

char *
respond_run_step(Jsonb *saved)
{
	JsonbContainer *place;
	char	   *name;
	uint32		count;

	(void) find_frames(saved, &count);
	place = find_frame(saved, count - 1);
	name = respond_jsonb_find_text(place, "step");

	/* between two items of a loop it stands at the step of that */
	if (name != NULL && count > 1 && strcmp(name, "stop") == 0)
	{
		place = find_frame(saved, count - 2);
		name = respond_jsonb_find_text(place, "step");
	}
	if (name != NULL)
		return name;
	name = respond_jsonb_find_text(place, "part");
	return psprintf("%s[" INT64_FORMAT "]", name != NULL ? name : "", respond_jsonb_find_int64(place, "step"));
}

void
respond_run_parent(Jsonb *saved, FlowRun *run)
{
	JsonbContainer *parent = respond_jsonb_find_container(&saved->root, "parent");

	if (parent == NULL)
		return;
	run->parent_id = respond_jsonb_find_int64(parent, "run");
	run->parent_started_at = read_time(parent, "started_at", 0);
	run->parent_pause = respond_jsonb_find_int64(parent, "pause");
}

int
respond_pause_collects(const FlowPause *pause)
{
	return Max(1, respond_jsonb_find_int64(respond_jsonb_root(pause->memo), "collect"));
}

TimestampTz
respond_pause_ends(const FlowPause *pause)
{
	JsonbValue	value;

	if (!respond_jsonb_find(respond_jsonb_root(pause->memo), "ends", &value))
		return 0;
	return value.type == jbvNull ? DT_NOEND : read_time(&pause->memo->root, "ends", 0);
}
