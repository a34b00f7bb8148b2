/* A resident program with keys, controlled by lines on its standard input: the steps of a server, one by one.
 *
 *   load NAME FILE [PASSWORD]     reads a private key file through libcrypto's decoders
 *   open NAME URI [PASSWORD]      loads the first private key of a store
 *   sign NAME [TIMES]             signs, and verifies each signature in a library context without tpm2
 *   threads N TIMES NAME ...      N threads sign at once, and take the keys one after another
 *   forks N TIMES NAME            N children and the parent sign at once; the children free the keys and exit
 *   kills N TIMES NAME            N children sign until they are killed during an operation; the parent signs TIMES meanwhile
 *   exec COMMAND                  runs a shell command in a forked child, like a server that starts a helper
 *   while NAME sign NAME TIMES    one thread signs with the first key while another signs with the second: "ok MILLISECONDS" of it
 *   while NAME free NAME          the same, but the second key is freed
 *   timer MICROSECONDS RESTART    from now on a handled SIGALRM arrives at this interval; 0 stops it, and returns the number of signals
 *   sigterm handled|blocked|ignored  sets the treatment of SIGTERM from now on
 *   namespace NAME                a child that is process 1 of its own PID namespace signs, and the parent continues
 *   free NAME                     frees the key
 *   quit                          frees everything and exits by exit(3)
 *
 * Each line has a one-line answer: "ok ...", "error REASON | REASON", or "bad SIGNATURE" for a signature that does not verify. */
#define _GNU_SOURCE
#include "answers.h"
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEYS 64
/* A child that takes longer is stuck, and is killed by SIGALRM. */
#define HANG 60

static struct { char name[64]; EVP_PKEY *key, *public; } keys[KEYS];
static OSSL_LIB_CTX *clean;

static int find(const char *name)
{
    for (int i = 0; i < KEYS; i++)
        if (keys[i].key != NULL && strcmp(keys[i].name, name) == 0)
            return i;
    say("error no key %s", name);
    return -1;
}

/* Returns the public half in the context without tpm2, whose verification is the reference. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *public = size > 0 ? d2i_PUBKEY_ex(NULL, &p, size, clean, NULL) : NULL;
    OPENSSL_free(der);
    return public;
}

static void keep(const char *name, EVP_PKEY *key)
{
    char text[LINE];
    EVP_PKEY *public = key != NULL ? public_half(key) : NULL;
    if (public == NULL) {
        EVP_PKEY_free(key);
        say("%s", errors(text));
        return;
    }
    for (int i = 0; i < KEYS; i++) {
        if (keys[i].key == NULL) {
            snprintf(keys[i].name, sizeof keys[i].name, "%s", name);
            keys[i].key = key;
            keys[i].public = public;
            say("ok %s", EVP_PKEY_get0_type_name(key));
            return;
        }
    }
    say("error too many keys");
}

static int password_callback(char *buffer, int size, int writing, void *password)
{
    if (password == NULL)
        return -1;
    return snprintf(buffer, (size_t)size, "%s", (const char *)password);
}

static void load(const char *name, const char *file, char *password)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, password_callback, password) : NULL;
    BIO_free(bio);
    keep(name, key);
}

static void open_store(const char *name, const char *uri, char *password)
{
    UI_METHOD *method = UI_UTIL_wrap_read_pem_callback(password_callback, 0);
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, method, password, NULL, NULL);
    EVP_PKEY *key = NULL;
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    UI_destroy_method(method);
    keep(name, key);
}

/* Returns 1, or 0 with the reason in text. */
static int sign(int i, char *text)
{
    unsigned char message[40], *signature = NULL;
    size_t size = 0;
    int done = 0;
    EVP_MD_CTX *signing = EVP_MD_CTX_new(), *verifying = EVP_MD_CTX_new();
    RAND_bytes_ex(clean, message, sizeof message, 0);
    if (EVP_DigestSignInit_ex(signing, NULL, "SHA256", NULL, NULL, keys[i].key, NULL) <= 0
        || EVP_DigestSign(signing, NULL, &size, message, sizeof message) <= 0
        || (signature = malloc(size)) == NULL
        || EVP_DigestSign(signing, signature, &size, message, sizeof message) <= 0) {
        errors(text);
    } else if (EVP_DigestVerifyInit_ex(verifying, NULL, "SHA256", clean, NULL, keys[i].public, NULL) <= 0
               || EVP_DigestVerify(verifying, signature, size, message, sizeof message) != 1) {
        snprintf(text, LINE, "bad SIGNATURE of %s", keys[i].name);
    } else if (ERR_peek_error() != 0) {
        char left[LINE];
        snprintf(text, LINE, "bad QUEUE: a success left errors: %.3000s", errors(left));
    } else {
        done = 1;
    }
    free(signature);
    EVP_MD_CTX_free(signing);
    EVP_MD_CTX_free(verifying);
    return done;
}

static int sign_times(int i, int times, char *text)
{
    for (int n = 0; n < times; n++)
        if (!sign(i, text))
            return 0;
    return 1;
}

struct worker { pthread_t thread; int key, times, done; char text[LINE]; };

static void *work(void *argument)
{
    struct worker *worker = argument;
    worker->done = sign_times(worker->key, worker->times, worker->text);
    return NULL;
}

static void threads(int count, int times, char **names, int name_count)
{
    struct worker *workers = calloc((size_t)count, sizeof *workers);
    const char *trouble = NULL;
    for (int n = 0; n < count; n++) {
        if ((workers[n].key = find(names[n % name_count])) < 0)
            return;
        workers[n].times = times;
    }
    for (int n = 0; n < count; n++)
        pthread_create(&workers[n].thread, NULL, work, &workers[n]);
    for (int n = 0; n < count; n++) {
        pthread_join(workers[n].thread, NULL);
        if (!workers[n].done)
            trouble = workers[n].text;
    }
    say("%s", trouble ? trouble : "ok");
    free(workers);
}

static void free_keys(void)
{
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i].key);
        EVP_PKEY_free(keys[i].public);
        keys[i].key = keys[i].public = NULL;
    }
}

static void forks(int count, int times, int i)
{
    char text[LINE] = "", answer[LINE] = "ok";
    pid_t *children = calloc((size_t)count, sizeof *children);
    int pipes[2];
    if (pipe(pipes) != 0)
        return;
    for (int n = 0; n < count; n++) {
        if ((children[n] = fork()) == 0) {
            alarm(HANG);
            close(pipes[0]);
            if (!sign_times(i, times, text)) {
                /* One write below PIPE_BUF is atomic: the lines of children do not mix. */
                strcat(text, "\n");
                ssize_t written = write(pipes[1], text, strlen(text));
                (void)written;
            }
            free_keys();
            exit(text[0] == '\0' ? 0 : 3);
        }
    }
    close(pipes[1]);
    if (!sign_times(i, times, text))
        snprintf(answer, LINE, "parent: %.4000s", text);
    for (int n = 0; n < count; n++) {
        int status;
        waitpid(children[n], &status, 0);
        if (WIFSIGNALED(status))
            snprintf(answer, LINE, "error a child %s", WTERMSIG(status) == SIGALRM ? "hung" : strsignal(WTERMSIG(status)));
        else if (WEXITSTATUS(status) != 0 && answer[0] == 'o')
            snprintf(answer, LINE, "child");
    }
    if (strcmp(answer, "child") == 0) {
        ssize_t size = read(pipes[0], text, LINE - 1);
        text[size > 0 ? size : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        snprintf(answer, LINE, "%.4000s", text);
    }
    close(pipes[0]);
    free(children);
    say("%s", answer);
}

static void kills(int count, int times, int i)
{
    char text[LINE] = "";
    int ready[2];
    pid_t *children = calloc((size_t)count, sizeof *children);
    if (pipe(ready) != 0)
        return;
    for (int n = 0; n < count; n++) {
        if ((children[n] = fork()) == 0) {
            alarm(HANG);
            for (int signed_once = 0; sign(i, text); signed_once = 1)
                if (!signed_once && write(ready[1], "+", 1) != 1)
                    break;
            ssize_t written = write(ready[1], "-", 1);
            (void)written;
            _exit(3);
        }
    }
    int trouble = 0;
    for (int n = 0; n < count && !trouble; n++) {
        char sign_of_life = '-';
        trouble = read(ready[0], &sign_of_life, 1) != 1 || sign_of_life != '+';
    }
    int done = sign_times(i, times, text);
    for (int n = 0; n < count; n++) {
        int status;
        kill(children[n], SIGKILL);
        waitpid(children[n], &status, 0);
        trouble |= !WIFSIGNALED(status);
        done = done && sign_times(i, times, text);
    }
    close(ready[0]);
    close(ready[1]);
    free(children);
    say("%s", !done ? text : trouble ? "error a child could not sign" : "ok");
}

static void free_key(int i)
{
    EVP_PKEY_free(keys[i].key);
    EVP_PKEY_free(keys[i].public);
    keys[i].key = keys[i].public = NULL;
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* TIMES is 0 if the second key is freed. */
static void meanwhile(int i, int other, int times)
{
    char text[LINE] = "";
    struct worker worker = { .key = i, .times = 1 };
    pthread_create(&worker.thread, NULL, work, &worker);
    usleep(300000);
    long start = milliseconds();
    int done = 1;
    if (times > 0)
        done = sign_times(other, times, text);
    else
        free_key(other);
    long took = milliseconds() - start;
    pthread_join(worker.thread, NULL);
    if (!done)
        say("%s", text);
    else
        say("ok %ld %s", took, worker.done ? "and signed" : worker.text);
}

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
    signals++;
}

static void start_timer(long interval, int restart)
{
    struct sigaction action = { .sa_handler = count_signal, .sa_flags = restart ? SA_RESTART : 0 };
    struct itimerval timer = { { 0, interval }, { 0, interval } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    say("ok %d", (int)signals);
    signals = 0;
}

static void set_sigterm(const char *how)
{
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    if (strcmp(how, "blocked") == 0)
        sigprocmask(SIG_BLOCK, &term, NULL);
    else
        signal(SIGTERM, strcmp(how, "ignored") == 0 ? SIG_IGN : count_signal);
    say("ok");
}

static void in_namespace(int i)
{
    char text[LINE] = "ok";
    int status = 0;
    if (unshare(CLONE_NEWPID) != 0) {
        say("error no namespace");
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        alarm(HANG);
        int done = getpid() == 1 && sign_times(i, 2, text);
        free_keys();
        exit(done ? 0 : 3);
    }
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(text, LINE, "error the child could not sign");
    say("%s %d", text, (int)getpid());
}

/* Reads the next line; the timer's signal is blocked, since stdio treats an interrupted read as the end of input. */
static char *next_line(char *line)
{
    sigset_t timer, before;
    sigemptyset(&timer);
    sigaddset(&timer, SIGALRM);
    sigprocmask(SIG_BLOCK, &timer, &before);
    char *read = fgets(line, LINE, stdin);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return read;
}

int main(void)
{
    char line[LINE], text[LINE], *words[KEYS];
    clean = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(clean, "default");
    if (standard == NULL)
        return 2;
    while (next_line(line) != NULL) {
        char command[LINE];
        int count = 0, i;
        snprintf(command, sizeof command, "%s", line);
        for (char *word = strtok(line, " \n"); word != NULL && count < KEYS - 1; word = strtok(NULL, " \n"))
            words[count++] = word;
        words[count] = NULL;
        ERR_clear_error();
        if (count == 0) {
            continue;
        } else if (strcmp(words[0], "load") == 0 && count >= 3) {
            load(words[1], words[2], words[3]);
        } else if (strcmp(words[0], "open") == 0 && count >= 3) {
            open_store(words[1], words[2], words[3]);
        } else if (strcmp(words[0], "sign") == 0 && count >= 2) {
            if ((i = find(words[1])) >= 0)
                say("%s", sign_times(i, count > 2 ? atoi(words[2]) : 1, text) ? "ok" : text);
        } else if (strcmp(words[0], "threads") == 0 && count >= 4) {
            threads(atoi(words[1]), atoi(words[2]), words + 3, count - 3);
        } else if (strcmp(words[0], "forks") == 0 && count == 4) {
            if ((i = find(words[3])) >= 0)
                forks(atoi(words[1]), atoi(words[2]), i);
        } else if (strcmp(words[0], "kills") == 0 && count == 4) {
            if ((i = find(words[3])) >= 0)
                kills(atoi(words[1]), atoi(words[2]), i);
        } else if (strcmp(words[0], "exec") == 0) {
            char *shell = strstr(command, "exec ") + 5;
            shell[strcspn(shell, "\n")] = '\0';
            fflush(stdout);
            pid_t child = fork();
            if (child == 0) {
                execl("/bin/sh", "sh", "-c", shell, (char *)NULL);
                _exit(127);
            }
            int status;
            waitpid(child, &status, 0);
            say("ok %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        } else if (strcmp(words[0], "while") == 0 && count >= 4) {
            int other;
            if ((i = find(words[1])) >= 0 && (other = find(words[3])) >= 0)
                meanwhile(i, other, strcmp(words[2], "free") == 0 ? 0 : count > 4 ? atoi(words[4]) : 1);
        } else if (strcmp(words[0], "timer") == 0 && count == 3) {
            start_timer(atol(words[1]), atoi(words[2]));
        } else if (strcmp(words[0], "sigterm") == 0 && count == 2) {
            set_sigterm(words[1]);
        } else if (strcmp(words[0], "namespace") == 0 && count == 2) {
            if ((i = find(words[1])) >= 0)
                in_namespace(i);
        } else if (strcmp(words[0], "free") == 0 && count == 2) {
            if ((i = find(words[1])) >= 0) {
                free_key(i);
                say("ok");
            }
        } else if (strcmp(words[0], "quit") == 0) {
            break;
        } else {
            say("error what is %s?", words[0]);
        }
    }
    free_keys();
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    say("ok bye");
    return 0;
}
