/*-------------------------------------------------------------------------
 * death_word.c
 *	  Whether a worker that is gone ended by its own doing.
 *
 * A process that crashes says nothing.  One that is ended by others can still
 * leave a word: its handlers of SIGQUIT (and SIGABRT, which servers from 16 on
 * send instead when send_abort_for_crash is on) and SIGTERM see who sent the
 * signal, and store one word into the slot of the worker.  That is all they do
 * before they go on as the server's own handlers would.
 *
 * Shared memory does not outlive a crash.  So the postmaster, as it lets go of
 * it (like pg_stat_statements does to save its file), copies the numbers of
 * lives that ended so: into its own memory, for the shared memory that it makes
 * next, and into a file, for the postmaster that comes after a stop.  It copies
 * a block of fixed size without following a pointer in it, because whoever
 * crashed may have written anything there.
 *
 * What leaves no word although the worker is innocent: SIGKILL from outside,
 * which cannot be told from a process that used up the memory, and the end of
 * the whole machine or container.  The latter is seen from the number of a
 * life, half of which says which postmaster it had: one whose words were never
 * kept vanished.
 *
 * Only lives that wrote a marker are kept, the latest RESPOND_DEATH_WORDS.
 *
 * src/worker/death_word.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "tcop/tcopprot.h"
#include "utils/timestamp.h"

#include "worker/death_word.h"

#define WORDS_FILE		"pg_stat/pg_respond.lives"
#define WORDS_FILE_NEW	WORDS_FILE ".new"
#define WORDS_MAGIC		UINT64CONST(0x5265737031303032)

/* So many disappearances of the whole server count as one try. */
#define VANISHED_PER_TRY	3

typedef struct WordsFile
{
	uint64		magic;
	DeathWords	words;
} WordsFile;

/* In a worker: where its handlers write. */
static WorkerSlot *my_slot = NULL;
static volatile sig_atomic_t terminated = false;

/* In the postmaster: words that outlive shared memory, and where the slots are. */
static WordsFile kept;
static bool read_file = false;
static const WorkerSlot *all_slots;
static int	slot_count;

static shmem_startup_hook_type previous_startup_hook = NULL;

static void
keep(DeathWords *words, uint64 life)
{
	words->lives[words->next % RESPOND_DEATH_WORDS] = life;
	words->next = (words->next + 1) % RESPOND_DEATH_WORDS;
}

/* The postmaster that we have, or are; the same through all crashes of its children. */
static uint32
this_server(void)
{
	uint64		started = (uint64) PgStartTime;

	return hash_bytes((unsigned char *) &started, sizeof(started));
}

static void
leave_word(const siginfo_t *info)
{
	if (my_slot != NULL && info->si_pid != getpid())
		my_slot->told_to_end = 1;
}

/* As SignalHandlerForCrashExit(): nothing of what the process holds can be trusted any more. */
static void
handle_quit(int signal_number, siginfo_t *info, void *context)
{
	leave_word(info);
	_exit(2);
}

/* The first that comes from outside is the server's wish for a core file. */
static void
handle_abort(int signal_number, siginfo_t *info, void *context)
{
	leave_word(info);
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
}

static void
handle_terminate(int signal_number, siginfo_t *info, void *context)
{
	leave_word(info);
	terminated = true;
	die(signal_number);
}

static void
handle(int signal_number, void (*handler) (int, siginfo_t *, void *))
{
	struct sigaction action = {0};

	action.sa_sigaction = handler;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	if (sigaction(signal_number, &action, NULL) != 0)
		elog(FATAL, "could not set the handler of signal %d: %m", signal_number);
}

void
respond_death_word_listen(void)
{
	handle(SIGQUIT, handle_quit);
	handle(SIGABRT, handle_abort);
	handle(SIGTERM, handle_terminate);
}

void
respond_death_word_begin(WorkerSlot *slot)
{
	uint32		number;

	Assert(LWLockHeldByMeInMode(respond_shared->lock, LW_EXCLUSIVE));
	if (!pg_strong_random(&number, sizeof(number)))
		elog(FATAL, "could not generate a random number");
	slot->life = ((uint64) this_server() << 32) | number;
	slot->life_noted = false;
	slot->told_to_end = 0;
	my_slot = slot;
}

int64
respond_death_word_life(void)
{
	my_slot->life_noted = true;
	return (int64) my_slot->life;
}

bool
respond_death_word_terminated(void)
{
	return terminated;
}

static bool
has_word(const DeathWords *words, uint64 life)
{
	for (int i = 0; i < RESPOND_DEATH_WORDS; i++)
	{
		if (words->lives[i] == life)
			return true;
	}
	return false;
}

static bool
is_complete(const DeathWords *words, uint32 server)
{
	for (int i = 0; i < RESPOND_DEATH_SERVERS; i++)
	{
		if (words->servers[i] == server)
			return true;
	}
	return server == this_server();
}

DeathVerdict
respond_death_word_judge(int64 life)
{
	const DeathWords *words = &respond_shared->words;
	DeathVerdict verdict = DEATH_UNKNOWN;

	LWLockAcquire(respond_shared->lock, LW_SHARED);
	if (has_word(words, (uint64) life))
		verdict = DEATH_BY_OTHERS;
	else if (is_complete(words, (uint32) ((uint64) life >> 32)))
		verdict = DEATH_OF_ITS_OWN;
	LWLockRelease(respond_shared->lock);
	return verdict;
}

void
respond_death_word_count(int64 life, int *tries, int *vanished)
{
	switch (respond_death_word_judge(life))
	{
		case DEATH_BY_OTHERS:
			break;
		case DEATH_UNKNOWN:
			if (++*vanished % VANISHED_PER_TRY == 0)
				(*tries)++;
			break;
		case DEATH_OF_ITS_OWN:
			(*tries)++;
			break;
	}
}

void
respond_death_word_end(WorkerSlot *slot)
{
	Assert(LWLockHeldByMeInMode(respond_shared->lock, LW_EXCLUSIVE));
	my_slot = NULL;
	if ((slot->told_to_end != 0 || slot->outcome != WORKER_FAILED) && slot->life_noted)
		keep(&respond_shared->words, slot->life);
	slot->life_noted = false;
}

/* A file that cannot be read or written costs innocents a try, no more. */
static void
read_words(void)
{
	FILE	   *file = AllocateFile(WORDS_FILE, PG_BINARY_R);

	if (file == NULL)
		return;
	if (fread(&kept, sizeof(kept), 1, file) != 1 || kept.magic != WORDS_MAGIC ||
		kept.words.next >= RESPOND_DEATH_WORDS || kept.words.next_server >= RESPOND_DEATH_SERVERS)
		memset(&kept, 0, sizeof(kept));
	FreeFile(file);
}

static void
write_words(void)
{
	FILE	   *file;
	bool		written;

	kept.magic = WORDS_MAGIC;
	file = AllocateFile(WORDS_FILE_NEW, PG_BINARY_W);
	if (file == NULL)
		return;
	written = fwrite(&kept, sizeof(kept), 1, file) == 1;
	if (FreeFile(file) != 0 || !written || rename(WORDS_FILE_NEW, WORDS_FILE) != 0)
		unlink(WORDS_FILE_NEW);
}

/* Once for each postmaster. */
static void
keep_server(DeathWords *words)
{
	if (words->servers[words->next_server] == this_server())
		return;
	words->next_server = (words->next_server + 1) % RESPOND_DEATH_SERVERS;
	words->servers[words->next_server] = this_server();
}

/*
 * The postmaster lets go of shared memory: all its children are gone.  Slots of
 * processes that ended by a signal still say RUNNING.
 */
static void
keep_words(int code, Datum argument)
{
	if (respond_shared == NULL)
		return;
	memcpy(&kept.words, &respond_shared->words, sizeof(DeathWords));
	kept.words.next %= RESPOND_DEATH_WORDS;
	kept.words.next_server %= RESPOND_DEATH_SERVERS;
	keep_server(&kept.words);
	for (int i = 0; i < slot_count; i++)
	{
		if (all_slots[i].life_noted && all_slots[i].told_to_end != 0)
			keep(&kept.words, all_slots[i].life);
	}
	write_words();
}

static void
restore_words(void)
{
	if (previous_startup_hook)
		previous_startup_hook();
	if (IsUnderPostmaster)
		return;
	if (!read_file)
		read_words();
	read_file = true;
	memcpy(&respond_shared->words, &kept.words, sizeof(DeathWords));
	all_slots = respond_shared->slots;
	slot_count = respond_shared->slot_count;
	on_shmem_exit(keep_words, (Datum) 0);
}

void
respond_death_word_initialize(void)
{
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = restore_words;
}
