/*
 * rfm.h: what aggregates of RFM give back, between rfm.c and rfm_rows.c.
 */
#ifndef RFM_H
#define RFM_H

#include "glue.h"

/* The value of vibe.rfm_pack: a bytea of this and the scores behind it. */
typedef struct rfm_packed
{
	int32		length;			/* as every varlena has it */
	uint32		mark;			/* RFM_MARK: made by this version */
	int64		count;
} rfm_packed;

#define RFM_MARK 0x314D4652

extern Datum rfm_scores_to_array(const ks_rfm_score *scores, int64 count, Oid row_type);
extern bytea *rfm_seal(rfm_packed *packed, int64 count);

#endif							/* RFM_H */
