/*-------------------------------------------------------------------------
 * control.c
 *	  What the program and the worker that started it say to each other.
 *
 * src/listener/control.c
 *-------------------------------------------------------------------------
 */
#include "listener/control.h"

#include <stdio.h>
#include <string.h>

#include "companion/protocol.h"
#include "listener/caller_life.h"
#include "listener/doors.h"
#include "listener/frame_link.h"
#include "listener/ticks.h"
#include "listener/tls.h"
#include "listener/worker.h"

/* Milliseconds between two looks at what changed. */
#define TICK	1000

static FrameLink control;
static bool has_ended;
static bool is_welcome;
static bool is_sealed;
static void (*seal_program) (void);
static char certificate_fault[300];
static CallerCounts told;
static uint64_t last_tick;

static bool
refuse(const char *why)
{
	respond_frame_begin(&control.socket.out, FRAME_REFUSE, 0);
	respond_frame_put_string(&control.socket.out, why);
	(void) respond_frame_end(&control.socket.out);
	(void) respond_frame_link_send(&control);
	return false;
}

static bool
take_hello(Frame *frame)
{
	uint64_t	protocol = respond_frame_get_number(frame);
	FrameText	version = respond_frame_get_text(frame);

	if (protocol != FRAME_PROTOCOL || version.length != strlen(RESPOND_VERSION) ||
		memcmp(version.bytes, RESPOND_VERSION, version.length) != 0)
		return refuse(PROTOCOL_PROGRAM " is of version " RESPOND_VERSION ", the library is of another one");
	is_welcome = true;
	respond_frame_begin(&control.socket.out, FRAME_WELCOME, 0);
	respond_frame_put_string(&control.socket.out, RESPOND_VERSION);
	return respond_frame_end(&control.socket.out);
}

static bool
tell_state(void)
{
	FrameBuffer *out = &control.socket.out;

	told = respond_caller_counts;
	respond_frame_begin(out, FRAME_STATE, 0);
	respond_frame_put_number(out, told.connections);
	respond_frame_put_number(out, told.accepted);
	respond_frame_put_number(out, told.refused);
	respond_frame_put_number(out, respond_tls_end());
	respond_frame_put_string(out, certificate_fault);
	respond_doors_write(out);
	return respond_frame_end(out);
}

static bool
take_config(Frame *frame)
{
	CallerLimits limits;
	FrameText	certificate;
	FrameText	key;
	const char *fault;

	limits.in_all = respond_frame_get_number(frame);
	limits.of_address = respond_frame_get_number(frame);
	certificate = respond_frame_get_text(frame);
	key = respond_frame_get_text(frame);
	if (frame->broken)
		return refuse("CONFIG was not understood");
	respond_caller_limits = limits;
	fault = respond_tls_take(certificate.bytes, certificate.length, key.bytes, key.length);
	snprintf(certificate_fault, sizeof(certificate_fault), "%s", fault != NULL ? fault : "");
	if (!respond_doors_take(frame))
		return refuse("CONFIG was not understood");
	if (!is_sealed)
		seal_program();
	is_sealed = true;
	return tell_state();
}

static bool
take_frame(FrameLink *link, Frame *frame)
{
	if (frame->kind == FRAME_HELLO && !is_welcome)
		return take_hello(frame);
	if (frame->kind == FRAME_CONFIG && is_welcome)
		return take_config(frame);
	if (frame->kind == FRAME_DATABASES && is_welcome)
		return respond_databases_take(frame) || refuse("DATABASES was not understood");
	return refuse("a frame that does not belong here");
}

static void
control_ready(LoopSource *source, uint32_t events)
{
	has_ended = !respond_frame_link_move(&control, events, take_frame) || !respond_frame_link_send(&control);
}

bool
respond_control_open(int fd, void (*seal) (void))
{
	seal_program = seal;
	return respond_frame_link_open(&control, fd, control_ready);
}

void
respond_control_tick(void)
{
	bool		changed;

	if (!is_sealed || respond_ticks_now() < last_tick + TICK)
		return;
	last_tick = respond_ticks_now();
	changed = respond_doors_retry();
	if (!changed && memcmp(&told, &respond_caller_counts, sizeof(told)) == 0)
		return;
	/* Who does not read it gets none more: nobody has to know each of them. */
	if (respond_frame_socket_waiting(&control.socket) == 0 && tell_state())
		has_ended |= !respond_frame_link_send(&control);
}

bool
respond_control_goes_on(void)
{
	return !has_ended;
}
