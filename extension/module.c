/*
 * module.c: what happens when the library is loaded, and how a kernel is called.
 */
#include "glue.h"

#include <limits.h>

#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

int			max_kernel_memory = 1024 * 1024;
int			kernel_threads = 1;

/*
 * Compiled for any x86-64, whatever the rest of the library is compiled for: it must be able to say that the
 * processor is too old.
 */
#if defined(__x86_64__)
__attribute__((noinline, target("arch=x86-64")))
static void
check_processor(void)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
		return;
	if (ks_target_v3())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this build of vibe needs a processor of the level x86-64-v3"),
				 errdetail("The processor lacks at least one of AVX2, BMI2 and FMA."),
				 errhint("Build the extension with OPTFLAGS=-march=x86-64.")));
}
#else
#define check_processor()
#endif

#if defined(__x86_64__)
__attribute__((target("arch=x86-64")))
#endif
void
_PG_init(void)
{
	check_processor();
	DefineCustomIntVariable("vibe.max_kernel_memory",
							"Sets the most memory that aggregates and kernels of vibe use in one backend.",
							"Rows collected by aggregates and the scratch of kernels count; results do not.",
							&max_kernel_memory,
							1024 * 1024, 64, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("vibe.kernel_threads",
							"Sets how many threads a kernel of vibe may use.",
							NULL,
							&kernel_threads,
							1, 1, 64,
							PGC_USERSET, 0, NULL, NULL, NULL);
}

/*
 * A kernel stops at whatever sets InterruptPending, so that barriers and messages of parallel workers are served
 * in time. From the third attempt on it stops for a cancel or the end of the session only: interrupts that come
 * faster than it can finish must not keep it from finishing.
 */
ks_limits
kernel_limits(int attempt)
{
	bool		any_interrupt = attempt < 2;
	ks_limits	limits;

	limits.stop = any_interrupt ? &InterruptPending : &QueryCancelPending;
	limits.stop_too = any_interrupt ? &InterruptPending : &ProcDiePending;
	limits.memory = Max(max_kernel_memory * INT64CONST(1024) - kernel_memory_in_use(), 0);
	limits.threads = kernel_threads;
	return limits;
}

bool
kernel_stopped(ks_status status)
{
	switch (status)
	{
		case KS_OK:
			return false;
		case KS_STOPPED:
			CHECK_FOR_INTERRUPTS();
			return true;
		case KS_NO_MEMORY:
			ereport(ERROR,
					(errcode(ERRCODE_OUT_OF_MEMORY),
					 errmsg("out of memory in a kernel of vibe"),
					 errhint("Lower vibe.max_kernel_memory to what the machine has.")));
			break;
		case KS_MEMORY_LIMIT:
			check_kernel_memory(max_kernel_memory * INT64CONST(1024) + 1);
			break;
		case KS_OVERFLOW:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the total of a customer is out of range"),
					 errdetail("A customer may have 2147483647 orders and an amount of 922337203685477.5807.")));
			break;
		case KS_TOO_MANY_ROWS:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many rows for one call of an aggregate of vibe"),
					 errdetail("The limit is 4294967294 rows.")));
			break;
		case KS_BAD_ARGUMENT:
			break;
	}
	elog(ERROR, "a kernel of vibe refused its arguments (status %d)", (int) status);
}
