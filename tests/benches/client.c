/* TLS clients of a server: client PORT CONNECTIONS EACH THREADS
 *
 * Each thread makes its part of the connections, one after another. Every EACH-th one of a thread is a full handshake, the others resume its
 * session (TLS 1.2: its session is complete after the handshake). Prints the seconds that all took and how many were resumed. */
#define _GNU_SOURCE
#include "../stories/c/must.h"
#include <openssl/ssl.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

static SSL_CTX *context;
static int port, connections, each;
static atomic_long resumed;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connected(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { 60, 0 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MUST(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    MUST(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static void *work(void *nothing)
{
    SSL_SESSION *session = NULL;
    for (int i = 0; i < connections; i++) {
        int fd = connected();
        SSL *ssl = SSL_new(context);
        MUST(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
        if (i % each > 0)
            MUST(SSL_set_session(ssl, session) == 1);
        MUST(SSL_connect(ssl) == 1);
        if (i % each > 0) {
            resumed += SSL_session_reused(ssl);
        } else if (each > 1) {
            SSL_SESSION_free(session);
            session = SSL_get1_session(ssl);
        }
        SSL_shutdown(ssl);
        SSL_free(ssl);
        close(fd);
    }
    SSL_SESSION_free(session);
    return NULL;
}

int main(int count, char **words)
{
    pthread_t all[MOST];
    MUST(count == 5);
    int threads = atoi(words[4]);
    port = atoi(words[1]), connections = atoi(words[2]) / threads, each = atoi(words[3]);
    MUST(threads >= 1 && threads <= MOST && each >= 1);
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    MUST(context != NULL && (each == 1 || SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1));
    double start = now();
    for (int i = 0; i < threads; i++)
        MUST(pthread_create(&all[i], NULL, work, NULL) == 0);
    for (int i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    printf("%f %ld\n", now() - start, resumed);
    return 0;
}
