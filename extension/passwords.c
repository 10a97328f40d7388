/*
 * passwords.c: vibe.scram_secret, a password in the form that PostgreSQL keeps.
 */
#include "glue.h"

#include "utils/builtins.h"

/* Of libpq/scram.h, which would need the headers of Kerberos. */
extern char *pg_be_scram_build_secret(const char *password);

PG_FUNCTION_INFO_V1(vibe_scram_secret);
Datum
vibe_scram_secret(PG_FUNCTION_ARGS)
{
	char	   *password = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_TEXT_P(cstring_to_text(pg_be_scram_build_secret(password)));
}
