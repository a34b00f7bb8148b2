/* A resident program that decrypts and derives, controlled by lines on its standard input; the other side of each operation is a
 * library context without tpm2.
 *
 *   load NAME FILE                 reads a private key file through libcrypto's decoders
 *   software NAME FILE             reads the same key in software, for `compare`
 *   seal NAME HEX [OPTION...]      encrypts to the public half, in software
 *   decrypting NAME [OPTION...]    begins a decryption: the commands below use its context
 *   deriving NAME [OPTION...]      begins a derivation in the same way
 *   peer HEX                       sets the peer of the derivation, a SubjectPublicKeyInfo
 *   size [HEX]                     returns the length of the result
 *   run [HEX] [ROOM]               decrypts or derives, into a buffer of ROOM bytes
 *   dup                            continues with a copy of the context
 *   get NAME                       returns an integer parameter of the context
 *   compare NAME HEX [OPTION...]   decrypts (or derives with this peer) in the TPM and in software: "ok OURS THEIRS"
 *   verify KEY MD SIG MSG [OPTION...]  verifies with the provider and in software: "ok OURS THEIRS"
 *   ecdh NAME TIMES, oaep NAME TIMES   random round trips; ecdh returns the number of secrets that begin with a zero byte
 *   quit
 *
 * An option is NAME:VALUE for EVP_PKEY_CTX_ctrl_str, or implicit-rejection:N, tls:VERSION, negotiated:VERSION. "-" means no bytes.
 * Each line has a one-line answer: "ok ..." or "error RETURNED LENGTH | REASON | REASON". */
#include "answers.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 512
#define WORDS 24
#define INPUT 65536
#define BYTES 16384

static struct { char name[32]; EVP_PKEY *key, *public, *software; } keys[KEYS];
static OSSL_LIB_CTX *clean;
static EVP_PKEY_CTX *current;
static int deriving;

static void trouble(int returned, size_t length)
{
    char text[LINE];
    errors(text);
    say("error %d %zu%s", returned, length, text + strlen("error"));
}

static size_t bytes(const char *hex, unsigned char *out)
{
    size_t length = 0;
    if (hex != NULL && strcmp(hex, "-") != 0)
        OPENSSL_hexstr2buf_ex(out, BYTES, &length, hex, '\0');
    return length;
}

static char *hexed(const unsigned char *in, size_t length)
{
    static char texts[2][2 * BYTES + 2];
    static int turn;
    char *text = texts[turn = !turn];
    strcpy(text, "-");
    if (length > 0)
        OPENSSL_buf2hexstr_ex(text, sizeof texts[0], NULL, in, length, '\0');
    return text;
}

static int find(const char *name)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            return i;
    return -1;
}

static EVP_PKEY *public_key(const unsigned char *der, size_t size, OSSL_LIB_CTX *context)
{
    const unsigned char *p = der;
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &p, (long)size, context, NULL);
    if (key != NULL && p != der + size) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *read_key(const char *file, OSSL_LIB_CTX *context)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, context, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static void load(const char *name, const char *file)
{
    unsigned char *der = NULL;
    int i = find(""), size;
    EVP_PKEY *key = read_key(file, NULL);
    if (i < 0 || key == NULL || (size = i2d_PUBKEY(key, &der)) <= 0) {
        trouble(0, 0);
        return;
    }
    snprintf(keys[i].name, sizeof keys[i].name, "%s", name);
    keys[i].key = key;
    keys[i].public = public_key(der, (size_t)size, clean);
    OPENSSL_free(der);
    say("ok %s", EVP_PKEY_get0_type_name(key));
}

static int set_number(EVP_PKEY_CTX *ctx, const char *name, const char *value)
{
    unsigned int number = (unsigned int)strtoul(value, NULL, 0);
    OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(name, &number), OSSL_PARAM_END };
    return EVP_PKEY_CTX_set_params(ctx, params);
}

static int apply(EVP_PKEY_CTX *ctx, char **options)
{
    int done = 1;
    for (; *options != NULL && done > 0; options++) {
        char name[64];
        const char *value = strchr(*options, ':');
        if (value == NULL)
            return 0;
        snprintf(name, sizeof name, "%.*s", (int)(value++ - *options), *options);
        if (strcmp(name, "implicit-rejection") == 0)
            done = set_number(ctx, name, value);
        else if (strcmp(name, "tls") == 0)
            done = EVP_PKEY_CTX_set_rsa_padding(ctx, 7) > 0 && set_number(ctx, OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, value);
        else if (strcmp(name, "negotiated") == 0)
            done = set_number(ctx, OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, value);
        else if (strcmp(name, "rsa_oaep_label") == 0 && strcmp(value, "-") == 0)
            done = 1;
        else
            done = EVP_PKEY_CTX_ctrl_str(ctx, name, value);
    }
    return done > 0;
}

static EVP_PKEY_CTX *context_of(EVP_PKEY *key, OSSL_LIB_CTX *library, int (*init)(EVP_PKEY_CTX *), char **options)
{
    EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new_from_pkey(library, key, NULL) : NULL;
    if (ctx != NULL && init(ctx) > 0 && apply(ctx, options))
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

static void begin(EVP_PKEY *key, int derives, char **options)
{
    EVP_PKEY_CTX_free(current);
    deriving = derives;
    current = context_of(key, NULL, derives ? EVP_PKEY_derive_init : EVP_PKEY_decrypt_init, options);
    if (current != NULL)
        say("ok");
    else
        trouble(0, 0);
}

static void seal(EVP_PKEY *public, const char *hex, char **options)
{
    unsigned char in[BYTES], out[BYTES];
    size_t size = sizeof out, length = bytes(hex, in);
    EVP_PKEY_CTX *ctx = context_of(public, clean, EVP_PKEY_encrypt_init, options);
    if (ctx != NULL && EVP_PKEY_encrypt(ctx, out, &size, in, length) > 0)
        say("ok %s", hexed(out, size));
    else
        trouble(0, 0);
    EVP_PKEY_CTX_free(ctx);
}

static void run(const char *hex, const char *room, int ask)
{
    unsigned char in[BYTES], out[BYTES];
    size_t length = bytes(hex, in), size = room != NULL ? (size_t)atol(room) : sizeof out;
    unsigned char *to = ask ? NULL : out;
    int returned = deriving ? EVP_PKEY_derive(current, to, &size) : EVP_PKEY_decrypt(current, to, &size, in, length);
    if (returned <= 0)
        trouble(returned, size);
    else if (ERR_peek_error() != 0)
        trouble(returned, size);
    else if (ask)
        say("ok %zu", size);
    else
        say("ok %s", hexed(out, size));
}

static void set_peer(const char *hex)
{
    unsigned char der[BYTES];
    EVP_PKEY *peer = public_key(der, bytes(hex, der), NULL);
    if (peer != NULL && EVP_PKEY_derive_set_peer(current, peer) > 0)
        say("ok");
    else
        trouble(0, 0);
    EVP_PKEY_free(peer);
}

static const char *decrypted(EVP_PKEY *key, OSSL_LIB_CTX *library, const char *hex, char **options)
{
    unsigned char in[BYTES], out[BYTES];
    size_t size = sizeof out, length = bytes(hex, in);
    EVP_PKEY_CTX *ctx = context_of(key, library, EVP_PKEY_decrypt_init, options);
    const char *text = ctx != NULL && EVP_PKEY_decrypt(ctx, out, &size, in, length) > 0 ? hexed(out, size) : "refused";
    EVP_PKEY_CTX_free(ctx);
    return text;
}

static const char *derived(EVP_PKEY *key, OSSL_LIB_CTX *library, EVP_PKEY *peer, char **options)
{
    unsigned char out[BYTES];
    size_t size = sizeof out;
    EVP_PKEY_CTX *ctx = peer != NULL ? context_of(key, library, EVP_PKEY_derive_init, options) : NULL;
    int done = ctx != NULL && EVP_PKEY_derive_set_peer(ctx, peer) > 0 && EVP_PKEY_derive(ctx, out, &size) > 0;
    EVP_PKEY_CTX_free(ctx);
    return done ? hexed(out, size) : "refused";
}

static void compare(int i, const char *hex, char **options)
{
    const char *ours, *theirs;
    if (EVP_PKEY_is_a(keys[i].key, "RSA")) {
        ours = decrypted(keys[i].key, NULL, hex, options);
        theirs = decrypted(keys[i].software, clean, hex, options);
    } else {
        unsigned char der[BYTES];
        size_t size = bytes(hex, der);
        EVP_PKEY *here = public_key(der, size, NULL), *there = public_key(der, size, clean);
        ours = derived(keys[i].key, NULL, here, options);
        theirs = derived(keys[i].software, clean, there, options);
        EVP_PKEY_free(here);
        EVP_PKEY_free(there);
    }
    say("ok %s %s", ours, theirs);
}

static int verified(EVP_PKEY *key, OSSL_LIB_CTX *library, char **words)
{
    unsigned char signature[BYTES], message[BYTES];
    size_t size = bytes(words[3], signature), length = bytes(words[4], message);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    int done = key != NULL && EVP_DigestVerifyInit_ex(ctx, &options, words[2], library, NULL, key, NULL) > 0
               && apply(options, words + 5) && EVP_DigestVerify(ctx, signature, size, message, length) == 1;
    EVP_MD_CTX_free(ctx);
    return done;
}

/* Verifies with the same key in the provider's keymgmt and signature, and in a context without the provider. */
static void verify(char **words)
{
    unsigned char der[BYTES];
    size_t size = bytes(words[1], der);
    EVP_PKEY *theirs = public_key(der, size, clean), *ours = NULL;
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *import = NULL;
    if (theirs != NULL && EVP_PKEY_todata(theirs, EVP_PKEY_PUBLIC_KEY, &params) > 0
        && (import = EVP_PKEY_CTX_new_from_name(NULL, EVP_PKEY_get0_type_name(theirs), "provider=tpm2")) != NULL
        && EVP_PKEY_fromdata_init(import) > 0)
        EVP_PKEY_fromdata(import, &ours, EVP_PKEY_PUBLIC_KEY, params);
    if (theirs != NULL && ours == NULL)
        trouble(0, 0);
    else
        say("ok %d %d", verified(ours, NULL, words), verified(theirs, clean, words));
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(import);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(theirs);
}

/* Runs at least TIMES round trips, and more until two shared secrets have begun with a zero byte. */
static void ecdh(int i, int times)
{
    char *none[] = { NULL }, group[64], answer[LINE] = "";
    int zeros = 0;
    EVP_PKEY_get_utf8_string_param(keys[i].public, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL);
    for (int n = 0; (n < times || zeros < 2) && answer[0] == '\0'; n++) {
        unsigned char *der = NULL;
        EVP_PKEY *peer = EVP_PKEY_Q_keygen(clean, NULL, "EC", group);
        const char *theirs = derived(peer, clean, keys[i].public, none);
        int zero = strncmp(theirs, "00", 2) == 0;
        zeros += zero;
        if (zero || n < times) {
            int size = i2d_PUBKEY(peer, &der);
            EVP_PKEY *here = public_key(der, (size_t)size, NULL);
            const char *ours = derived(keys[i].key, NULL, here, none);
            if (strcmp(ours, theirs) != 0)
                snprintf(answer, sizeof answer, "bad SECRET %.500s instead of %.500s", ours, theirs);
            EVP_PKEY_free(here);
            OPENSSL_free(der);
        }
        EVP_PKEY_free(peer);
    }
    if (answer[0] == '\0')
        snprintf(answer, sizeof answer, "ok %d", zeros);
    say("%s", answer);
}

static void oaep(int i, int times)
{
    static const char *const digests[] = { "SHA1", "SHA256", "SHA512", "SHA3-256" };
    char answer[LINE] = "ok";
    for (int n = 0; n < times && answer[0] == 'o'; n++) {
        unsigned char message[64], sealed[BYTES], choice[4];
        size_t size = sizeof sealed;
        char digest[40], mgf1[40], *options[] = { "rsa_padding_mode:oaep", digest, mgf1, NULL };
        RAND_bytes_ex(clean, choice, sizeof choice, 0);
        RAND_bytes_ex(clean, message, sizeof message, 0);
        snprintf(digest, sizeof digest, "rsa_oaep_md:%s", digests[choice[0] % 4]);
        snprintf(mgf1, sizeof mgf1, "rsa_mgf1_md:%s", digests[choice[1] % 4]);
        size_t length = choice[2] % (sizeof message + 1);
        EVP_PKEY_CTX *ctx = context_of(keys[i].public, clean, EVP_PKEY_encrypt_init, options);
        if (ctx == NULL || EVP_PKEY_encrypt(ctx, sealed, &size, message, length) <= 0)
            snprintf(answer, sizeof answer, "bad ENCRYPTION");
        EVP_PKEY_CTX_free(ctx);
        char *opened = strdup(decrypted(keys[i].key, NULL, hexed(sealed, size), options));
        if (strcmp(opened, hexed(message, length)) != 0)
            snprintf(answer, sizeof answer, "bad MESSAGE with %s %s: %.200s", digest, mgf1, opened);
        free(opened);
    }
    say("%s", answer);
}

static void get(const char *name)
{
    unsigned int number = 77;
    OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(name, &number), OSSL_PARAM_END };
    if (EVP_PKEY_CTX_get_params(current, params) > 0)
        say("ok %u", number);
    else
        trouble(0, 0);
}

static int obey(char **words, int count)
{
    const char *what = words[0];
    int i = count > 1 ? find(words[1]) : -1;
    if (strcmp(what, "quit") == 0)
        return 0;
    if (strcmp(what, "load") == 0 && count == 3) {
        load(words[1], words[2]);
    } else if (strcmp(what, "software") == 0 && i >= 0) {
        keys[i].software = read_key(words[2], clean);
        say(keys[i].software != NULL ? "ok" : "error");
    } else if (strcmp(what, "seal") == 0 && i >= 0) {
        seal(keys[i].public, words[2], words + 3);
    } else if (strcmp(what, "decrypting") == 0 && i >= 0) {
        begin(keys[i].key, 0, words + 2);
    } else if (strcmp(what, "deriving") == 0 && i >= 0) {
        begin(keys[i].key, 1, words + 2);
    } else if (strcmp(what, "peer") == 0 && current != NULL) {
        set_peer(words[1]);
    } else if ((strcmp(what, "size") == 0 || strcmp(what, "run") == 0) && current != NULL) {
        run(words[1], count > 2 ? words[2] : NULL, what[0] == 's');
    } else if (strcmp(what, "dup") == 0 && current != NULL) {
        EVP_PKEY_CTX *copy = EVP_PKEY_CTX_dup(current);
        EVP_PKEY_CTX_free(current);
        current = copy;
        say(copy != NULL ? "ok" : "error");
    } else if (strcmp(what, "get") == 0 && current != NULL) {
        get(words[1]);
    } else if (strcmp(what, "compare") == 0 && i >= 0) {
        compare(i, words[2], words + 3);
    } else if (strcmp(what, "verify") == 0 && count >= 5) {
        verify(words);
    } else if (strcmp(what, "ecdh") == 0 && i >= 0) {
        ecdh(i, atoi(words[2]));
    } else if (strcmp(what, "oaep") == 0 && i >= 0) {
        oaep(i, atoi(words[2]));
    } else {
        say("error what is %s?", what);
    }
    return 1;
}

int main(void)
{
    static char line[INPUT];
    clean = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(clean, "default");
    int more = standard != NULL;
    while (more && fgets(line, sizeof line, stdin) != NULL) {
        char *words[WORDS + 1];
        int count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && count < WORDS; word = strtok(NULL, " \n"))
            words[count++] = word;
        for (int i = count; i <= WORDS; i++)
            words[i] = NULL;
        ERR_clear_error();
        if (count > 0)
            more = obey(words, count);
    }
    EVP_PKEY_CTX_free(current);
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i].key);
        EVP_PKEY_free(keys[i].public);
        EVP_PKEY_free(keys[i].software);
    }
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    say("ok bye");
    return 0;
}
