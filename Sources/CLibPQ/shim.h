/* What Database needs from C: the client library, and the two Linux calls that Swift's Glibc module leaves out. */
#include <libpq-fe.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
