/* Gives the package manager a C target; the header has everything. */
#include "kernels.h"
