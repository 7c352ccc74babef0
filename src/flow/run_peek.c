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

#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "common/time_read.h"
#include "flow/run_peek.h"

static bool
find(JsonbContainer *object, const char *name, JsonbValue *value)
{
	return object != NULL && JsonContainerIsObject(object) &&
		getKeyJsonValueFromContainer(object, name, strlen(name), value) != NULL;
}

static JsonbContainer *
find_object(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	return find(object, name, &value) && value.type == jbvBinary ? value.val.binary.data : NULL;
}

static int64
read_number(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	if (!find(object, name, &value) || value.type != jbvNumeric)
		return 0;
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
}

static char *
read_text(JsonbContainer *object, const char *name)
{
	JsonbValue	value;

	if (!find(object, name, &value) || value.type != jbvString)
		return NULL;
	return pnstrdup(value.val.string.val, value.val.string.len);
}

static TimestampTz
read_time(JsonbContainer *object, const char *name, TimestampTz otherwise)
{
	char	   *text = read_text(object, name);
	TimestampTz time;

	return text != NULL && respond_time_read(text, &time) ? time : otherwise;
}

void
respond_run_pause(Jsonb *saved, FlowPause *pause)
{
	JsonbContainer *object = find_object(&saved->root, "pause");
	JsonbContainer *memo = find_object(object, "memo");
	JsonbValue	value;

	memset(pause, 0, sizeof(*pause));
	pause->number = read_number(&saved->root, "pauses");
	if (object == NULL)
		return;
	pause->waits_for = read_text(object, "for");
	pause->since = read_time(object, "since", 0);
	pause->due_at = read_time(object, "due", DT_NOEND);
	pause->timer = read_number(object, "timer");
	if (memo != NULL && find(object, "memo", &value))
		pause->memo = JsonbValueToJsonb(&value);
	if (find(object, "place", &value))
		pause->place = JsonbValueToJsonb(&value);
}

static JsonbContainer *
find_frames(Jsonb *saved, uint32 *count)
{
	JsonbContainer *frames = find_object(&saved->root, "at");

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
	char	   *name = read_text(find_frame(saved, 0), "part");

	return name != NULL && strcmp(name, part) == 0;
}

int64
respond_pause_delivery(const FlowPause *pause)
{
	return pause->memo != NULL ? read_number(&pause->memo->root, "delivery") : 0;
}

int64
respond_pause_called(const FlowPause *pause)
{
	return pause->memo != NULL ? read_number(&pause->memo->root, "run") : 0;
}

char *
respond_run_step(Jsonb *saved)
{
	JsonbContainer *place;
	char	   *name;
	uint32		count;

	(void) find_frames(saved, &count);
	place = find_frame(saved, count - 1);
	name = read_text(place, "step");

	/* between two items of a loop it stands at the step of that */
	if (name != NULL && count > 1 && strcmp(name, "stop") == 0)
	{
		place = find_frame(saved, count - 2);
		name = read_text(place, "step");
	}
	if (name != NULL)
		return name;
	name = read_text(place, "part");
	return psprintf("%s[" INT64_FORMAT "]", name != NULL ? name : "", read_number(place, "step"));
}

void
respond_run_parent(Jsonb *saved, FlowRun *run)
{
	JsonbContainer *parent = find_object(&saved->root, "parent");

	if (parent == NULL)
		return;
	run->parent_id = read_number(parent, "run");
	run->parent_started_at = read_time(parent, "started_at", 0);
	run->parent_pause = read_number(parent, "pause");
}

int
respond_pause_collects(const FlowPause *pause)
{
	return pause->memo != NULL ? Max(1, read_number(&pause->memo->root, "collect")) : 1;
}

TimestampTz
respond_pause_ends(const FlowPause *pause)
{
	JsonbValue	value;

	if (pause->memo == NULL || !find(&pause->memo->root, "ends", &value))
		return 0;
	return value.type == jbvNull ? DT_NOEND : read_time(&pause->memo->root, "ends", 0);
}
