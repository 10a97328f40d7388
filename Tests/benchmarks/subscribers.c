/*
 * subscribers PORT TOKEN COUNT PATH: opens COUNT streams of server-sent events, or WebSockets that join one channel each if PATH ends
 * in "/websocket"; says "ready" when each has heard that it is subscribed, reads until standard input ends, and prints how many
 * changes came, and the 50th and 99th percentile and the largest of their delays in ms.
 *
 * A change carries "sent": microseconds since 1970, by the clock of this machine. One epoll thread; it copies nothing and looks for
 * one word, so that a processor reads more than a gigabyte a second and the server is what is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

enum { BUFFER = 1 << 16, KEPT = 40, SLOTS = 1 << 20 };

struct reader
{
	int			socket;
	int			kept;			/* bytes of the last read that may be the beginning of a word */
	int			is_ready;
	char		rest[KEPT];
};

static uint32_t delays[SLOTS + 1];	/* how many changes took so many times 10 microseconds */
static uint64_t changes;
static int	ready_count;

static int64_t
now(void)
{
	struct timeval time;

	gettimeofday(&time, NULL);
	return time.tv_sec * 1000000LL + time.tv_usec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "subscribers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A handshake and, behind it, a frame that joins a channel; its mask is zero, which changes nothing. */
static int
write_handshake(char *request, size_t size, int port, const char *token, const char *path)
{
	char		join[4096];
	int			length = snprintf(join, sizeof join,
								  "{\"topic\":\"realtime:bench\",\"event\":\"phx_join\",\"ref\":\"1\",\"payload\":{\"access_token\":\"%s\",\"config\":"
								  "{\"postgres_changes\":[{\"event\":\"*\",\"schema\":\"vibe\",\"table\":\"user_events\"}]}}}", token),
				head = snprintf(request, size,
								"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
								"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", path, port, token);

	request += head;
	memcpy(request, (char[8]) {(char) 0x81, (char) (0x80 | 126), (char) (length >> 8), (char) length}, 8);
	memcpy(request + 8, join, length);
	return head + 8 + length;
}

static int
open_stream(int port, const char *token, const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int			stream = socket(AF_INET, SOCK_STREAM, 0);
	char		request[8192];
	int			length;

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	if (stream < 0 || connect(stream, (struct sockaddr *) &address, sizeof address) != 0)
		fail("connect");
	if (strstr(path, "/websocket"))
		length = write_handshake(request, sizeof request, port, token, path);
	else
		length = snprintf(request, sizeof request,
						  "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
						  path, port, token);
	if (write(stream, request, length) != length)
		fail("write");
	return stream;
}

static void
look(struct reader *reader, char *text, size_t length)
{
	static const char word[] = "\"sent\":";
	char	   *at = text,
			   *end = text + length;
	int64_t		time = now();

	if (!reader->is_ready && (memmem(text, length, "event: ready", 12) || memmem(text, length, "Subscribed to PostgreSQL", 24)))
	{
		reader->is_ready = 1;
		ready_count++;
	}
	while ((at = memmem(at, end - at, word, sizeof word - 1)) != NULL && end - at > (int) sizeof word + 17)
	{
		int64_t		delay = (time - strtoll(at + sizeof word - 1, NULL, 10)) / 10;

		delays[delay < 0 ? 0 : delay > SLOTS ? SLOTS : delay]++;
		changes++;
		at += sizeof word;
	}
	/* What is cut in two is found with the next read. */
	if (at == NULL)
		at = length > sizeof word ? end - sizeof word : text;
	reader->kept = end - at < KEPT ? end - at : KEPT;
	memcpy(reader->rest, end - reader->kept, reader->kept);
}

static double
percentile(double share)
{
	uint64_t	seen = 0;

	for (int slot = 0; slot <= SLOTS; slot++)
		if ((seen += delays[slot]) > share * changes)
			return slot / 100.0;
	return 0;
}

int
main(int count_of_arguments, char **arguments)
{
	static char buffer[KEPT + BUFFER];
	int			count = count_of_arguments == 5 ? atoi(arguments[3]) : 0;
	struct reader *readers = calloc(count + 1, sizeof *readers);
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = count},
				events[256];
	int			poll = epoll_create1(0),
				was_told = 0;

	if (count == 0)
		return fprintf(stderr, "usage: subscribers PORT TOKEN COUNT PATH\n"), 2;
	if (epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event) != 0)
		fail("standard input must be a pipe");
	for (int index = 0; index < count; index++)
	{
		readers[index].socket = open_stream(atoi(arguments[1]), arguments[2], arguments[4]);
		event.data.u32 = index;
		if (epoll_ctl(poll, EPOLL_CTL_ADD, readers[index].socket, &event) != 0)
			fail("epoll");
	}
	for (;;)
	{
		int			found = epoll_wait(poll, events, 256, -1);

		for (int index = 0; index < found; index++)
		{
			struct reader *reader = &readers[events[index].data.u32];
			ssize_t		length;

			if (reader == &readers[count])
			{
				printf("%llu %.2f %.2f %.2f\n", (unsigned long long) changes, percentile(0.5), percentile(0.99), percentile(1 - 1e-12));
				return 0;
			}
			memcpy(buffer, reader->rest, reader->kept);
			length = read(reader->socket, buffer + reader->kept, BUFFER);
			if (length <= 0)
				return fprintf(stderr, "subscribers: a stream ended: %.*s\n", reader->kept, reader->rest), 1;
			look(reader, buffer, reader->kept + length);
		}
		if (!was_told && ready_count == count)
		{
			was_told = 1;
			printf("ready\n");
			fflush(stdout);
		}
	}
}
