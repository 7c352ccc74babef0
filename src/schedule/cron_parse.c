/*-------------------------------------------------------------------------
 * cron_parse.c
 *	  Reading the notation of cron.
 *
 * A step larger than its field is refused: who wants something every 90
 * minutes, and writes 90 behind the slash, would get it every hour.
 *
 * src/schedule/cron_parse.c
 *-------------------------------------------------------------------------
 */
#include "schedule/cron.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* No longer part of a text is shown in an error. */
#define SHOWN_LONGEST	24

typedef struct FieldKind
{
	const char *name;
	int			first;
	int			last;
	const char *names;			/* of three letters each, from first on; or NULL */
	const char *allowed;
} FieldKind;

static const FieldKind kinds[CRON_FIELDS] = {
	{"second", 0, 59, NULL, "0 to 59, *, and lists, ranges and steps of them, such as 0,30 or 10-20 or */5"},
	{"minute", 0, 59, NULL, "0 to 59, *, and lists, ranges and steps of them, such as 0,30 or 10-20 or */5"},
	{"hour", 0, 23, NULL, "0 to 23, *, and lists, ranges and steps of them, such as 8,20 or 9-17 or */2"},
	{"day of month", 1, 31, NULL,
	"1 to 31, *, lists, ranges and steps of them, L (the last day), L-3, 15W (the nearest weekday), and LW"},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC",
	"1 to 12, JAN to DEC, *, and lists, ranges and steps of them, such as 1,7 or MAR-OCT or */3"},
	{"day of week", 0, 7, "SUNMONTUEWEDTHUFRISAT",
	"0 to 7 (0 and 7 are Sunday), SUN to SAT, *, lists, ranges and steps of them, 5L (the last Friday), and MON#2"},
};

static const struct
{
	const char *name;
	const char *fields;
} macros[] = {
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

#define MACROS			((int) (sizeof(macros) / sizeof(macros[0])))
#define MACROS_ALLOWED	"@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"

/* One part of a list, as it is read. */
typedef struct Reader
{
	const char *at;
	const char *end;			/* of the part */
	const char *part;
	const FieldKind *kind;
	CronField	field;
	Cron	   *cron;
	CronError  *error;
} Reader;

static bool __attribute__((format(printf, 4, 5)))
fail(CronError *error, const char *field, const char *allowed, const char *format,...)
{
	va_list		arguments;

	error->field = field;
	va_start(arguments, format);
	vsnprintf(error->reason, sizeof(error->reason), format, arguments);
	va_end(arguments);
	snprintf(error->allowed, sizeof(error->allowed), "%s", allowed);
	return false;
}

/* The text in quotes, or words for it when it cannot be shown in any encoding. */
static const char *
shown(const char *text, size_t length, char *room)
{
	if (length == 0)
		return "an empty part";
	for (size_t i = 0; i < length && i < SHOWN_LONGEST; i++)
		if (text[i] < ' ' || text[i] > '~')
			return "what is there";
	sprintf(room, "\"%.*s%s\"", (int) (length < SHOWN_LONGEST ? length : SHOWN_LONGEST), text,
			length <= SHOWN_LONGEST ? "" : "...");
	return room;
}

static bool
refuse(const Reader *reader, const char *why)
{
	char		room[SHOWN_LONGEST + 8];

	return fail(reader->error, reader->kind->name, reader->kind->allowed, "%s %s",
				shown(reader->part, (size_t) (reader->end - reader->part), room), why);
}

static bool
is_white_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static bool
take(Reader *reader, char c)
{
	if (reader->at == reader->end || upper(*reader->at) != c)
		return false;
	reader->at++;
	return true;
}

static bool
at_digit(const Reader *reader)
{
	return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

/* At most two digits; -1 if there are none, or more. */
static int
take_digits(Reader *reader)
{
	int			number = 0;
	int			count = 0;

	for (; at_digit(reader); reader->at++, count++)
		if (count < 3)
			number = number * 10 + (*reader->at - '0');
	return count == 0 || count > 2 ? -1 : number;
}

static int
take_name(Reader *reader)
{
	const char *names = reader->kind->names;

	if (names == NULL || reader->end - reader->at < 3)
		return -1;
	for (int i = 0; names[i] != '\0'; i += 3)
	{
		if (upper(reader->at[0]) == names[i] && upper(reader->at[1]) == names[i + 1] &&
			upper(reader->at[2]) == names[i + 2])
		{
			reader->at += 3;
			return reader->kind->first + i / 3;
		}
	}
	return -1;
}

static bool
take_value(Reader *reader, int *value)
{
	bool		digits = at_digit(reader);

	*value = digits ? take_digits(reader) : take_name(reader);
	if (*value < reader->kind->first || *value > reader->kind->last)
		return refuse(reader, digits ? "is out of range" : "cannot be understood");
	return true;
}

/* The number behind a slash, 1 if there is no slash. */
static bool
take_step(Reader *reader, int *step, bool *given)
{
	*step = 1;
	*given = take(reader, '/');
	if (!*given)
		return true;
	*step = take_digits(reader);
	if (*step < 1 || *step > reader->kind->last)
		return fail(reader->error, reader->kind->name, reader->kind->allowed,
					"a step is a number from 1 to %d", reader->kind->last);
	return true;
}

static bool
at_end(const Reader *reader)
{
	return reader->at == reader->end || refuse(reader, "cannot be understood");
}

static void
add_range(Reader *reader, int from, int to, int step)
{
	const FieldKind *kind = reader->kind;
	/* going over the end, one of the two Sundays counts */
	int			length = kind->last - kind->first + (reader->field == CRON_DAY_OF_WEEK ? 0 : 1);

	if (to < from)
		to += length;
	for (int value = from; value <= to; value += step)
	{
		int			folded = value > kind->last || (reader->field == CRON_DAY_OF_WEEK && value == kind->last) ?
			value - length : value;

		reader->cron->values[reader->field] |= UINT64_C(1) << folded;
	}
}

static void
add_everything(Reader *reader)
{
	if (reader->field == CRON_DAY_OF_MONTH)
		reader->cron->any_day_of_month = true;
	if (reader->field == CRON_DAY_OF_WEEK)
		reader->cron->any_day_of_week = true;
	add_range(reader, reader->kind->first, reader->kind->last, 1);
}

static void
note_real_time(Reader *reader)
{
	if (reader->field <= CRON_HOUR)
		reader->cron->real_time = true;
}

static bool
read_star(Reader *reader)
{
	int			step;
	bool		given;

	if (!take_step(reader, &step, &given))
		return false;
	note_real_time(reader);
	if (step == 1)
		add_everything(reader);
	else
		add_range(reader, reader->kind->first, reader->kind->last, step);
	return at_end(reader);
}

/* L, L-3, LW, L-3W */
static bool
read_last_days(Reader *reader)
{
	int			before = 0;

	if (take(reader, '-'))
	{
		before = take_digits(reader);
		if (before < 0 || before > 30)
			return fail(reader->error, reader->kind->name, reader->kind->allowed,
						"the last day can be reduced by 0 to 30 days, as in L-3");
	}
	if (take(reader, 'W'))
		reader->cron->near_last |= UINT32_C(1) << before;
	else
		reader->cron->from_last |= UINT32_C(1) << before;
	return at_end(reader);
}

/* FRIL and 5L, or L5 as other libraries write it. */
static bool
add_last_of(Reader *reader, int day)
{
	reader->cron->last_of |= (uint8_t) (1 << day % 7);
	return at_end(reader);
}

static bool
read_last_day_of_week(Reader *reader)
{
	int			day;

	if (reader->at == reader->end)
		return refuse(reader, "needs a day, as in 5L for the last Friday");
	return take_value(reader, &day) && add_last_of(reader, day);
}

static bool
read_nth(Reader *reader, int day)
{
	int			nth = take_digits(reader);

	if (nth < 1 || nth > 5)
		return fail(reader->error, reader->kind->name, reader->kind->allowed,
					"behind # is a number from 1 to 5");
	reader->cron->nth[day % 7] |= (uint8_t) (1 << nth);
	return at_end(reader);
}

/* A value, a range, or one of the two with a step. */
static bool
read_range(Reader *reader, int from)
{
	int			to = from;
	int			step;
	bool		stepped;
	bool		ranged = take(reader, '-');

	if (ranged && !take_value(reader, &to))
		return false;
	if (!take_step(reader, &step, &stepped))
		return false;
	if (stepped && !ranged)
	{
		to = reader->kind->last;
		note_real_time(reader);
	}
	add_range(reader, from, to, step);
	return at_end(reader);
}

static bool
read_part(Reader *reader)
{
	int			value;

	if (take(reader, '*') || take(reader, '?'))
		return read_star(reader);
	if (reader->field == CRON_DAY_OF_MONTH && take(reader, 'L'))
		return read_last_days(reader);
	if (reader->field == CRON_DAY_OF_WEEK && take(reader, 'L'))
		return read_last_day_of_week(reader);
	if (!take_value(reader, &value))
		return false;
	if (reader->field == CRON_DAY_OF_MONTH && take(reader, 'W'))
	{
		reader->cron->near |= UINT32_C(1) << value;
		return at_end(reader);
	}
	if (reader->field == CRON_DAY_OF_WEEK && take(reader, 'L'))
		return add_last_of(reader, value);
	if (reader->field == CRON_DAY_OF_WEEK && take(reader, '#'))
		return read_nth(reader, value);
	return read_range(reader, value);
}

static bool
read_field(Cron *cron, CronField field, const char *text, const char *end, CronError *error)
{
	Reader		reader = {.kind = &kinds[field], .field = field, .cron = cron, .error = error};

	for (;;)
	{
		const char *comma = memchr(text, ',', (size_t) (end - text));

		reader.at = reader.part = text;
		reader.end = comma != NULL ? comma : end;
		if (!read_part(&reader))
			return false;
		if (comma == NULL)
			return true;
		text = comma + 1;
	}
}

typedef struct Words
{
	int			count;			/* may be more than there is room for */
	const char *begin[CRON_FIELDS];
	const char *end[CRON_FIELDS];
} Words;

static void
split(const char *text, const char *end, Words *words)
{
	words->count = 0;
	for (;;)
	{
		const char *begin;

		while (text < end && is_white_space(*text))
			text++;
		if (text == end)
			return;
		begin = text;
		while (text < end && !is_white_space(*text))
			text++;
		if (words->count < CRON_FIELDS)
		{
			words->begin[words->count] = begin;
			words->end[words->count] = text;
		}
		words->count++;
	}
}

static bool
equals(const char *text, size_t length, const char *word)
{
	if (strlen(word) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (upper(text[i]) != upper(word[i]))
			return false;
	return true;
}

static bool
read_macro(const Words *words, Cron *cron, CronError *error)
{
	size_t		length = (size_t) (words->end[0] - words->begin[0]);
	char		room[SHOWN_LONGEST + 8];

	if (words->count > 1)
		return fail(error, NULL, MACROS_ALLOWED, "nothing may follow a name that begins with @");
	for (int i = 0; i < MACROS; i++)
		if (equals(words->begin[0], length, macros[i].name))
			return respond_cron_parse(macros[i].fields, strlen(macros[i].fields), cron, error);
	return fail(error, NULL, MACROS_ALLOWED, "there is no %s", shown(words->begin[0], length, room));
}

bool
respond_cron_parse(const char *text, size_t length, Cron *cron, CronError *error)
{
	Words		words;
	int			first;

	memset(cron, 0, sizeof(*cron));
	split(text, text + length, &words);
	if (words.count > 0 && *words.begin[0] == '@')
		return read_macro(&words, cron, error);
	if (words.count != CRON_FIELDS && words.count != CRON_FIELDS - 1)
		return fail(error, NULL, "minute hour day-of-month month day-of-week, and before them a second if wanted",
					"it has %d field%s, not 5 or 6", words.count, words.count == 1 ? "" : "s");
	first = CRON_FIELDS - words.count;
	if (first > CRON_SECOND)
		cron->values[CRON_SECOND] = 1;
	for (int i = 0; i < words.count; i++)
		if (!read_field(cron, first + i, words.begin[i], words.end[i], error))
			return false;
	return true;
}
