/*-------------------------------------------------------------------------
 * replica_identity.h
 *	  By what a subscriber knows the rows of a partition.
 *
 * src/upkeep/replica_identity.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_REPLICA_IDENTITY_H
#define RESPOND_REPLICA_IDENTITY_H

/*
 * Gives a new partition of respond_internal the replica identity that the
 * default partition, whose name is qualified, has; CREATE TABLE ... LIKE does not copy it.
 * Within SPI.
 */
extern void respond_replica_identity_copy(const char *default_partition, const char *partition);

#endif							/* RESPOND_REPLICA_IDENTITY_H */
