/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attacks on rebind while it works. torture.c has the kinds and the table, lab.c the container and
 * the root that every attack uses, strike.c, beside.c and walk.c the attacks, trace.c stops
 * processes at a given system call, attempt.c runs one restore or dump and judges what is left of
 * it.
 *
 * Everything random in an attempt follows from the seed, the kind and the attempt's number, so that
 * one attempt can be repeated alone.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PATH_SIZE     512
#define TEXT_SIZE     4096
#define ARGV_SIZE     64
#define PROCESSES     64

/* ---- the lab ---- */

struct lab {
	char dir[PATH_SIZE];
	char build[PATH_SIZE];
	char rebind[PATH_SIZE];
	char sanitized[PATH_SIZE]; /* the same built with sanitizers, or empty */
	pid_t container;	   /* what is dumped */
	pid_t set;		   /* the same, with children in namespaces of their own */
	pid_t expected[4];	   /* others that stay: the spies of walk.c */
	pid_t helper;		   /* a process that an attack runs beside, or 0 */
	char *mounts;		   /* the mount table that must stay */
};

int lab_make(struct lab *lab, const char *build);
/* An empty root but for the programs that run inside; @bare: without mountpoints. */
void lab_new_root(const struct lab *lab, bool bare);
/* Everything below lab->dir/NAME, a line a file; the caller frees it. */
char *lab_listing(const struct lab *lab, const char *name);
void lab_remove(const struct lab *lab, const char *name);
char *lab_read(const char *path);
int lab_write(const char *path, const char *text);
#define SET_SIZE 3 /* namespaces: of the process, and of two children */

/* Run a program that is not attacked, to its end. Return: its exit status, or -1. */
int lab_run(const struct lab *lab, char *const argv[]);
/* Unexpected processes in our pid namespace, as text. */
void lab_strangers(const struct lab *lab, char *text, size_t size);
int64_t lab_now_ms(void);

/* ---- random numbers ---- */

struct dice {
	uint64_t state;
};

void dice_start(struct dice *dice, uint64_t seed, const char *kind, uint64_t attempt);
uint32_t dice_roll(struct dice *dice, uint32_t sides);

/* ---- the tracer ---- */

enum strike_op {
	STRIKE_NONE,
	STRIKE_KILL,
	STRIKE_FAIL,   /* the call is not made, and fails with value */
	STRIKE_SIGNAL, /* value to the process group */
	STRIKE_CALL,   /* a function of ours, while the process stands still */
};

enum victims {
	VICTIM_CALLER,
	VICTIM_OTHER, /* the one that makes the call */
	VICTIM_BOTH,  /* these two */
	VICTIM_ALL,
};

struct strike {
	enum strike_op op;
	enum victims victims;
	int process; /* in order of creation; 0 is rebind itself */
	long at;     /* at its system call of this number, from 1 */
	bool after;  /* when the call has been made */
	int value;
	void (*call)(void *data);
	void *data;
};

struct traced_process {
	pid_t pid;
	long calls;
	long call; /* the last one's number in the kernel's table */
	bool is_live, in_call, is_foreign, is_faked;
	int fake;
};

struct traced {
	struct traced_process processes[PROCESSES];
	int n;
	int status; /* of rebind, as waitpid(2) gives it */
	bool has_ended, hung, struck, other_struck_dead, has_executed;
	bool is_loaded; /* the first one's libraries are */
	pid_t struck_pid;
	long struck_call;
	bool struck_write; /* to stderr: the sentence itself */
};

struct trace_files {
	const char *out, *err;
	int send_fd; /* becomes descriptor 3, or -1 */
};

int trace_run(char *const argv[], const struct trace_files *files, const struct strike *strike,
	      bool (*is_expected)(pid_t pid, void *data), void *data, struct traced *ret);
/* Kills what still runs. */
void trace_end(struct traced *traced);
int trace_live(const struct traced *traced);
const char *trace_call_name(long number);

/* ---- one attempt ---- */

enum ending { END_PIDFILE, END_PIN, END_PIN_DIR, END_SEND, END_COMMAND, END_DUMP, ENDINGS };

struct attempt {
	enum ending ending;
	bool is_set;	       /* of several namespaces */
	int copies;	       /* --copies, or 0 */
	bool creates;	       /* --create-mountpoints, into a root without */
	const char *extra[8];  /* further options */
	const char *prefix[4]; /* what runs rebind */
	const char *image;     /* else the lab's */
	const char *rebind;    /* else the lab's */
	bool is_changed;       /* what is in the root and the sources, by the attack */
	bool any_result;       /* the result may differ from the container */
	bool files_may_stay;   /* documented: mountpoints, when all of rebind is killed */
	bool may_kill_holder;
	/* While a result stands, before it is undone. */
	void (*standing)(void *data, pid_t holder);
	void *data;
};

struct verdict {
	char why[TEXT_SIZE]; /* empty: nothing is wrong */
	bool whole;	     /* the result stood */
	bool documented;     /* mountpoints stayed as the manual says */
};

int attempt_run(const struct lab *lab, const struct attempt *attempt, const struct strike *strike,
		struct traced *ret, struct verdict *verdict);
const char *attempt_name(const struct attempt *attempt, char text[256]);
void verdict_add(struct verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- the kinds ---- */

struct run {
	struct lab *lab;
	struct dice dice;
	char what[TEXT_SIZE]; /* what this attempt does, for the report */
	struct verdict verdict;
};

/* The variants of a restore and a dump that are struck: what a run of each does undisturbed. */
struct variant {
	struct attempt attempt;
	struct traced calm;
	bool is_known;
};

/* What a run of it does undisturbed, if that is not known yet. */
int variant_learn(struct run *run, struct variant *variant);
int variant_pick(struct run *run, struct variant **ret);
/* A moment in the life of one of its processes. */
void variant_moment(struct run *run, const struct variant *variant, struct strike *strike);
int variant_strike(struct run *run, const struct variant *variant, const struct strike *strike);

int kind_kill(struct run *run);
int kind_fault(struct run *run);
int kind_signal(struct run *run);
int kind_deny(struct run *run);
int kind_swap(struct run *run);
int kind_mutant(struct run *run);
int kind_crowd(struct run *run);
int kind_walk(struct run *run);

#endif
