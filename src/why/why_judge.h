/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_judge.h - what the specification says of a situation (private to why)
 */
#ifndef WHY_JUDGE_H
#define WHY_JUDGE_H

#include "why.h"
#include "spec/spec.h"
#include "spec/spec_snapshot.h"

/* Options of a holder that may be set: bits */
enum why_variant {
	WHY_VARIANT_REUSEADDR = 1,
	WHY_VARIANT_REUSEPORT = 2,
	WHY_VARIANT_V6ONLY = 4,
	WHY_VARIANTS = 8,
};

/* What the specification says of one holder that is all alone: it is not in the
 * way; it refuses; or (UDP) it lets in, whatever is behind it */
enum why_verdict { WHY_IS_APART, WHY_REFUSES, WHY_ADMITS };

/**
 * struct why_pair - What may be said of one holder
 * @kind, @harsh: By its options that are the best for us, and the worst
 * @kind_variant, @harsh_variant: These options
 */
struct why_pair {
	uint8_t kind, harsh, kind_variant, harsh_variant;
};

/** struct why_pair_key - Holders with the same are alike */
struct why_pair_key {
	uint8_t addr[16];
	uint32_t uid, device;
	uint8_t type, how, flags, unknown, elsewhere, none[3];
};

enum { WHY_NOTES = 1024 };

/** struct why_pair_note - What was said of holders that are alike */
struct why_pair_note {
	struct why_pair_key key;
	struct why_pair pair;
	bool used;
};

/**
 * struct why_judge - A question that is being answered
 * @local:	Is its address local?
 * @port:	If the kernel chooses a port: the one that is looked at now, or
 *		0 for all but those that are @taken
 * @refused:	Then, the one who chooses has found none, if that may be
 */
struct why_judge {
	const struct why_situation *s;
	const struct why_question *q;
	struct spec_force *force;
	struct spec *spec;
	bool local, refused;
	uint16_t port;
	const struct why_ports *taken;
	struct why_pair_note notes[WHY_NOTES];
};

/** why_pair() - What may be said of one holder of the port? */
struct why_pair why_pair(struct why_judge *j, const struct why_holder *h);

/** why_pair_held() - A holder, where @variant of what is not known is set */
struct spec_held why_pair_held(const struct why_holder *h,
	unsigned int variant);

/** why_pair_asker() - The socket that asks */
struct spec_held why_pair_asker(const struct why_question *q);

/** why_pair_begin() - Begin a state; spec_snapshot_hold() goes on with it */
void why_pair_begin(const struct why_judge *j, unsigned int udp_others);

/** why_pair_end() - Let the socket bind there, and listen */
void why_pair_end(const struct why_judge *j, struct why_outcome *out);

/**
 * why_play() - Play through all that is possible on one port
 * @holders:	Who has it, in the kernel's order in each family
 * @first, @other, @depends: As in struct why_answer
 */
void why_play(struct why_judge *j, const uint32_t *holders, unsigned int count,
	struct why_answer *answer);

/** why_is_same_connection() - Has a holder the two ends that are asked for? */
bool why_is_same_connection(const struct why_question *q,
	const struct sockdiag_row *row);

/** why_connect_play() - The same for a connect: is there a port for it? */
void why_connect_play(struct why_judge *j, const uint32_t *holders,
	unsigned int count, struct why_answer *answer);

#endif /* WHY_JUDGE_H */
