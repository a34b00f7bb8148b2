/* Clients of a server, all at once:
 *
 *   clients SECONDS HTTPS-PORT HONEST VANISHING HTTP-PORT
 *
 * HONEST threads make one TLS handshake after another. VANISHING connections per second send a ClientHello and reset the connection. One
 * thread asks for a page at HTTP-PORT every 2 ms; 0 means none. Prints "VANISHED/s HANDSHAKES/s FAILED HANDSHAKE-MEDIAN-ms
 * PAGE-MEDIAN-ms PAGE-P99-ms PAGE-MAX-ms". */
#define _GNU_SOURCE
#include "../stories/c/must.h"
#include <openssl/ssl.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 1000000

struct times { double *ms; size_t count; pthread_mutex_t lock; };

static struct times handshakes = { .lock = PTHREAD_MUTEX_INITIALIZER }, pages = { .lock = PTHREAD_MUTEX_INITIALIZER };
static atomic_long failed, vanished;
static double until;
static int https, http, rate;
static SSL_CTX *context;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void note(struct times *times, double ms)
{
    pthread_mutex_lock(&times->lock);
    if (times->count < MOST)
        times->ms[times->count++] = ms;
    pthread_mutex_unlock(&times->lock);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(struct times *times, double part)
{
    return times->count == 0 ? 0 : times->ms[(size_t)((double)(times->count - 1) * part)];
}

static int connected(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { 10, 0 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void reset(int fd)
{
    struct linger at_once = { 1, 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void *honest(void *nothing)
{
    while (now() < until) {
        double start = now();
        int fd = connected(https);
        SSL *ssl = SSL_new(context);
        if (fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1) {
            note(&handshakes, now() - start);
        } else {
            failed++;
            usleep(1000);
        }
        ERR_clear_error();
        SSL_free(ssl);
        if (fd >= 0)
            reset(fd);
    }
    return NULL;
}

static void *vanish(void *nothing)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    char *hello;
    SSL_set_bio(ssl, in, out);
    SSL_connect(ssl);
    ERR_clear_error();
    long size = BIO_get_mem_data(out, &hello);
    MUST(size > 0);
    double next = now();
    while (now() < until) {
        int fd = connected(https);
        if (fd >= 0) {
            ssize_t sent = send(fd, hello, (size_t)size, MSG_NOSIGNAL);
            (void)sent;
            /* The server has read it, or never will. */
            usleep(2000);
            reset(fd);
            vanished++;
        }
        next += 1000.0 / rate;
        double left = next - now();
        if (left > 0)
            usleep((useconds_t)(left * 1000));
    }
    SSL_free(ssl);
    return NULL;
}

static void *plain(void *nothing)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    while (now() < until) {
        char answer[4096];
        double start = now();
        int fd = connected(http);
        if (fd >= 0 && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 && recv(fd, answer, sizeof answer, 0) > 0)
            note(&pages, now() - start);
        if (fd >= 0)
            close(fd);
        usleep(2000);
    }
    return NULL;
}

int main(int count, char **words)
{
    MUST(count == 6);
    signal(SIGPIPE, SIG_IGN);
    double seconds = atof(words[1]);
    https = atoi(words[2]);
    int honest_count = atoi(words[3]), threads = 0;
    rate = atoi(words[4]);
    http = atoi(words[5]);
    pthread_t all[1024];
    MUST(honest_count < 1000 && (context = SSL_CTX_new(TLS_client_method())) != NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    handshakes.ms = calloc(MOST, sizeof(double));
    pages.ms = calloc(MOST, sizeof(double));
    until = now() + seconds * 1e3;
    for (int i = 0; i < honest_count; i++)
        MUST(pthread_create(&all[threads++], NULL, honest, NULL) == 0);
    if (rate > 0)
        MUST(pthread_create(&all[threads++], NULL, vanish, NULL) == 0);
    if (http > 0)
        MUST(pthread_create(&all[threads++], NULL, plain, NULL) == 0);
    for (int i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    qsort(handshakes.ms, handshakes.count, sizeof(double), compare);
    qsort(pages.ms, pages.count, sizeof(double), compare);
    printf("%.1f %.1f %ld %.1f %.2f %.2f %.2f\n", (double)vanished / seconds, (double)handshakes.count / seconds, (long)failed,
           quantile(&handshakes, 0.5), quantile(&pages, 0.5), quantile(&pages, 0.99), quantile(&pages, 1));
    return 0;
}
