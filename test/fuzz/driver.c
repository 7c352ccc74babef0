/*-------------------------------------------------------------------------
 * driver.c
 *	  Runs a fuzz target without libFuzzer: its seeds, then mutations of them.
 *
 * usage: target RUNS SEED_FOLDER
 *
 * The target defines LLVMFuzzerTestOneInput, so the same source also links with
 * clang's -fsanitize=fuzzer.  Mutations are pseudo-random from a fixed start,
 * thus a failure repeats; the input under test is kept in a file that survives
 * a crash.  Prints one TAP assertion: a finding aborts the process before it.
 *
 * test/fuzz/driver.c
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEEDS	4096
#define INPUT_LIMIT	65536

typedef struct Seed
{
	uint8_t    *bytes;
	size_t		length;
} Seed;

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Seed seeds[MAX_SEEDS];
static int	seed_count;
static uint64_t random_state = UINT64_C(0x9E3779B97F4A7C15);
static char last_input_path[4096];

static uint32_t
next_random(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return bound == 0 ? 0 : (uint32_t) ((random_state >> 32) % bound);
}

static void
add_seed(const uint8_t *bytes, size_t length)
{
	if (seed_count == MAX_SEEDS || length > INPUT_LIMIT / 2)
		return;
	seeds[seed_count].bytes = malloc(length + 1);
	memcpy(seeds[seed_count].bytes, bytes, length);
	seeds[seed_count].length = length;
	seed_count++;
}

static void
read_seeds(const char *folder)
{
	static uint8_t buffer[INPUT_LIMIT];
	DIR		   *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		char		path[4096];
		FILE	   *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		if (file == NULL)
			continue;
		add_seed(buffer, fread(buffer, 1, sizeof(buffer), file));
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	if (seed_count == 0)
		add_seed((const uint8_t *) "{}", 2);
}

static size_t
mutate(uint8_t *input, size_t length)
{
	/* Pieces of grammar find more than single bytes do. */
	static const char *const pieces[] = {"{", "}", "[", "]", "\"", ":", ",", "{{", "}}", "{{{", "{{#", "{{/", "{{^",
		"\\u0000", "\\ud800", "null", "1e131071", "-", "\xff", "\xc3", "*", "**", "\n", "exists", "prefix", "$or"};
	int			rounds = 1 + (int) next_random(6);

	while (rounds-- > 0)
	{
		size_t		at = next_random((uint32_t) length + 1);
		const Seed *other = &seeds[next_random((uint32_t) seed_count)];
		size_t		size;

		switch (next_random(5))
		{
			case 0:				/* change a byte */
				if (at < length)
					input[at] = (uint8_t) next_random(256);
				break;
			case 1:				/* remove a stretch */
				size = next_random((uint32_t) (length - at) + 1);
				memmove(input + at, input + at + size, length - at - size);
				length -= size;
				break;
			case 2:				/* insert a piece of grammar */
				{
					const char *piece = pieces[next_random(sizeof(pieces) / sizeof(pieces[0]))];

					size = strlen(piece);
					if (length + size > INPUT_LIMIT)
						break;
					memmove(input + at + size, input + at, length - at);
					memcpy(input + at, piece, size);
					length += size;
				}
				break;
			case 3:				/* go on as another seed does */
				size = next_random((uint32_t) other->length + 1);
				if (at + size > INPUT_LIMIT)
					break;
				memcpy(input + at, other->bytes + other->length - size, size);
				length = at + size;
				break;
			case 4:				/* repeat a stretch: depth */
				size = next_random((uint32_t) (length - at) + 1);
				if (length + size > INPUT_LIMIT)
					break;
				memmove(input + at + size, input + at, length - at);
				length += size;
				break;
		}
	}
	return length;
}

/* The target reads from a block of exactly the input's size, so that the sanitizer sees the end. */
static void
run_one(const uint8_t *bytes, size_t length)
{
	uint8_t    *exact = malloc(length == 0 ? 1 : length);
	FILE	   *file = fopen(last_input_path, "wb");

	if (file != NULL)
	{
		fwrite(bytes, 1, length, file);
		fclose(file);
	}
	memcpy(exact, bytes, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
}

int
main(int argc, char **argv)
{
	static uint8_t input[INPUT_LIMIT];
	long		runs = argc > 1 ? atol(argv[1]) : 1000;
	long		done = 0;

	snprintf(last_input_path, sizeof(last_input_path), "%s.last_input", argv[0]);
	read_seeds(argc > 2 ? argv[2] : ".");
	for (int i = 0; i < seed_count; i++)
		run_one(seeds[i].bytes, seeds[i].length);
	for (; done < runs; done++)
	{
		const Seed *seed = &seeds[next_random((uint32_t) seed_count)];

		memcpy(input, seed->bytes, seed->length);
		run_one(input, mutate(input, seed->length));
	}
	for (int i = 0; i < seed_count; i++)
		free(seeds[i].bytes);
	printf("ok 1 - %d seeds and %ld mutations found nothing\n1..1\n", seed_count, done);
	return 0;
}
