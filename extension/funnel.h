/*
 * funnel.h: what the files of the funnel aggregates share.
 */
#ifndef FUNNEL_H
#define FUNNEL_H

#include "glue.h"

/* Where a transition has its arguments; 0 is none. */
typedef struct funnel_places
{
	int			user,
				at,
				bits,			/* the row's steps: as bits … */
				matches,		/* … as an array of booleans … */
				name,			/* … or as a name … */
				names,			/* … among the names of all steps */
				exclusions,
				held,
				value,
				steps,
				within,
				options,		/* may be missing at the end */
				periods;
} funnel_places;

/* A name that is at least one of the steps. */
typedef struct step_name
{
	uint64		first;			/* bytes at the beginning … */
	uint64		last;			/* … and at the end; all of a name of up to 16 */
	uint32		size;
	uint32		steps;			/* 0 for an empty slot */
	const char *bytes;
} step_name;

#define STEP_NAME_SLOTS 128

typedef struct funnel_state
{
	row_list	events;			/* of ks_event, or ks_valued_event where shape.valued */
	ks_funnel_shape shape;
	bool		shape_is_constant;	/* every row has the shape of the first, and the plan knows it */
	step_name  *names;			/* by hash, where steps are names */
	struct varlena *names_array;	/* what names was made of */
	int64	   *periods;		/* period_count + 1 instants */
	int64		period_count;
	text_dictionary held;
	text_dictionary values;
} funnel_state;

/* funnel.c */
extern void renumber_funnel_texts(funnel_state *state, const uint32 *held, const uint32 *values);

/* funnel_shape.c */
extern void read_funnel_shape(FunctionCallInfo fcinfo, const funnel_places *places, MemoryContext context,
							  funnel_state *state);
extern bool funnel_shape_is_constant(FunctionCallInfo fcinfo, const funnel_places *places);
extern void check_funnel_shape(FunctionCallInfo fcinfo, const funnel_places *places, const funnel_state *state);
extern void check_same_steps(int a, int b);
extern void check_same_shape(const funnel_state *state, const funnel_state *other);
extern void copy_funnel_shape(const funnel_state *from, MemoryContext context, funnel_state *to);
extern void write_funnel_head(const funnel_state *state, StringInfo head);
extern int	read_funnel_head(funnel_state *state, const char *bytes);
extern void raise_bad_bits(const char *argument, int32 bits, int steps) pg_attribute_noreturn();

/* A mask of steps as SQL has it: bit i for step i + 1. */
static inline uint32
check_bits(const char *argument, int32 bits, int steps)
{
	if (unlikely(steps < KS_MAX_STEPS && (uint32) bits >> steps != 0))
		raise_bad_bits(argument, bits, steps);
	return (uint32) bits;
}

/*
 * First and last bytes of a name, overlapping if it is short. Names up to 16 bytes that agree in both and in size
 * are equal.
 */
static inline void
name_ends(const char *bytes, uint32 size, uint64 *first, uint64 *last)
{
	uint32		four;

	if (size >= 8)
	{
		memcpy(first, bytes, 8);
		memcpy(last, bytes + size - 8, 8);
	}
	else if (size >= 4)
	{
		memcpy(&four, bytes, 4);
		*first = four;
		memcpy(&four, bytes + size - 4, 4);
		*last = four;
	}
	else
	{
		*first = size == 0 ? 0 : (uint8) bytes[0] | (uint32) (uint8) bytes[size / 2] << 8;
		*last = size == 0 ? 0 : (uint8) bytes[size - 1];
	}
}

static inline uint32
name_slot(uint64 first, uint64 last, uint32 size)
{
	return ((first ^ (last << 1 | last >> 63) ^ size) * UINT64CONST(0x9E3779B97F4A7C15)) >> 57;
}

/* The steps that a name stands for, 0 for none; names are compared byte by byte. */
static inline uint32
steps_of_name(const funnel_state *state, const struct varlena *name)
{
	const struct varlena *plain = VARATT_IS_EXTENDED(name) && !VARATT_IS_SHORT(name)
		? pg_detoast_datum_packed((struct varlena *) name) : name;
	const char *bytes = VARDATA_ANY(plain);
	uint32		size = VARSIZE_ANY_EXHDR(plain);
	uint64		first,
				last;

	name_ends(bytes, size, &first, &last);
	for (uint32 slot = name_slot(first, last, size);; slot = (slot + 1) % STEP_NAME_SLOTS)
	{
		const step_name *known = &state->names[slot];

		if (known->steps == 0)
			return 0;
		if (known->first == first && known->last == last && known->size == size &&
			(size <= 16 || memcmp(known->bytes, bytes, size) == 0))
			return known->steps;
	}
}

#endif							/* FUNNEL_H */
