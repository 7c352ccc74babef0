/*-------------------------------------------------------------------------
 * lane.h
 *	  A lane belongs to one process at a time.
 *
 * src/dispatcher/lane.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LANE_H
#define RESPOND_LANE_H

/*
 * Takes the lane for this process until it ends, or until a transaction is
 * rolled back, which lets go of all locks; in a transaction.  Ends the process
 * when another one keeps it, or one of another division into lanes.
 */
extern void respond_lane_take(int lanes, int lane);

#endif							/* RESPOND_LANE_H */
