/* What a server does with a key, without the rest of the server.
 *
 * chip sign KEY           loads the key, then reads "SIGNATURES THREADS" from stdin and prints "done" after each batch
 * chip serve KEY CRT PORT loads the key like PostgreSQL's postmaster, then forks a process for each TLS connection, which exits after it
 *
 * KEY is a file, or a URI of the OSSL_STORE. The configuration (OPENSSL_CONF) chooses the module. */
#include "../../stories/c/must.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_THREADS 64

static EVP_PKEY *load(const char *uri)
{
    EVP_PKEY *key = NULL;
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    MUST(store != NULL && OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    while (key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    MUST(key != NULL);
    return key;
}

struct batch {
    EVP_PKEY *key;
    int signatures;
};

static void *sign(void *argument)
{
    struct batch *batch = argument;
    for (int i = 0; i < batch->signatures; i++) {
        unsigned char signature[600];
        size_t size = sizeof signature;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        MUST(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, batch->key, NULL) == 1);
        MUST(EVP_DigestSign(context, signature, &size, (const unsigned char *)"m", 1) == 1);
        EVP_MD_CTX_free(context);
    }
    return NULL;
}

static int sign_batches(EVP_PKEY *key)
{
    int signatures, threads;
    while (scanf("%d %d", &signatures, &threads) == 2) {
        pthread_t all[MOST_THREADS];
        struct batch batch = { key, signatures / threads };
        MUST(threads <= MOST_THREADS);
        if (threads == 1) {
            sign(&batch);
        } else {
            for (int i = 0; i < threads; i++)
                MUST(pthread_create(&all[i], NULL, sign, &batch) == 0);
            for (int i = 0; i < threads; i++)
                pthread_join(all[i], NULL);
        }
        puts("done");
        fflush(stdout);
    }
    /* tpm2-openssl flushes the key only then. */
    EVP_PKEY_free(key);
    return 0;
}

static int serve(EVP_PKEY *key, const char *certificate, const char *port)
{
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    /* As servers do: a client may close its connection before the server has sent its tickets. */
    signal(SIGPIPE, SIG_IGN);
    MUST(SSL_CTX_use_certificate_chain_file(context, certificate) == 1);
    MUST(SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    address.sin_port = htons((unsigned short)atoi(port));
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        pid_t child = fork();
        if (child == 0) {
            SSL *ssl = SSL_new(context);
            close(listener);
            SSL_set_fd(ssl, client);
            int accepted = SSL_accept(ssl) == 1;
            if (!accepted)
                ERR_print_errors_fp(stderr);
            SSL_free(ssl);
            /* A backend ends with exit(3), too. */
            exit(accepted ? 0 : 1);
        }
        waitpid(child, NULL, 0);
        close(client);
    }
}

int main(int count, char **words)
{
    if (count == 3 && strcmp(words[1], "sign") == 0)
        return sign_batches(load(words[2]));
    if (count == 5 && strcmp(words[1], "serve") == 0)
        return serve(load(words[2]), words[3], words[4]);
    return 2;
}
