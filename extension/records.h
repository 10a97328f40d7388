/*
 * records.h: what the readers of imported files (csv.c, json_lines.c) share.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "glue.h"

#define MAX_RECORD_SIZE (1024 * 1024)

/*
 * Turns a record that was loaded as Latin 1 into the server's encoding, given that of its file; or what is wrong with it.
 */
extern const char *decode_record(const uint8 **bytes, int *size, int encoding);

#endif
