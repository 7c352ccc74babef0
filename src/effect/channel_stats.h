/*-------------------------------------------------------------------------
 * channel_stats.h
 *	  How the deliveries of each channel fare, in shared memory.
 *
 * src/effect/channel_stats.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHANNEL_STATS_H
#define RESPOND_CHANNEL_STATS_H

typedef enum ChannelCount
{
	CHANNEL_DELIVERED,
	CHANNEL_RETRIED,			/* a try failed, and there will be another */
	CHANNEL_DEAD,
	CHANNEL_COUNTS
} ChannelCount;

/* Asks for the memory; at load. */
extern void respond_channel_stats_initialize(void);

/* One request ended after duration_us microseconds; called after the commit that recorded it. */
extern void respond_channel_stats_count(const char *channel, ChannelCount what, int64 duration_us);

/* In the transaction before it: the channel gets its place among the names, if there is one. */
extern void respond_channel_stats_expect(const char *channel);

/* For the metrics: what is counted, in a word, and how often the channel of this key had it. */
extern const char *respond_channel_count_word(int what);
extern uint64 respond_channel_stats_read(uint64 key, int what);

#endif							/* RESPOND_CHANNEL_STATS_H */
