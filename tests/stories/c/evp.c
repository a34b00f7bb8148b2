/* Walks every call of EVP that takes a key, on keys of a TPM and on software keys that tpm2 keeps.
 *
 *   evp [-q] FILE ... -- FILE ...      private keys of the TPM, then private keys of software, which are given to tpm2
 *
 * With -q RSA keys are not checked: under valgrind OpenSSL's search for factors takes half a minute.
 *
 * A second library context that has never heard of tpm2 says what is right. */
/* The calls of old types are among those that are walked. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "must.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <string.h>

static OSSL_LIB_CTX *clean;
static int quick;
static const unsigned char text[] = "a message of some length, signed in parts";

/* What a TPM key is, and what is asked of it; a software key has all of it. */
struct subject {
    EVP_PKEY *key;
    EVP_PKEY *there; /* its public half in the other context */
    int rsa, pss, in_tpm;
};

/* The error that was raised last, which must be one of tpm2's; the queue is empty afterwards. */
static int says(const char *part)
{
    const char *data = "";
    int flags = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags), found = 0;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)
        found |= (unsigned long)(ERR_lib_error_string(code) != NULL && strcmp(ERR_lib_error_string(code), "tpm2") == 0
                                 && (flags & ERR_TXT_STRING) && strstr(data, part) != NULL);
    if (!found)
        fprintf(stderr, "nobody said: %s\n", part);
    return found != 0;
}

static EVP_PKEY *load(const char *file, OSSL_LIB_CTX *libctx)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(file, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info = store == NULL ? NULL : OSSL_STORE_load(store);
    EVP_PKEY *key = info == NULL ? NULL : OSSL_STORE_INFO_get1_PKEY(info);

    OSSL_STORE_INFO_free(info);
    OSSL_STORE_close(store);
    MUST(key != NULL);
    return key;
}

/* The key in another library context, by way of parameters. */
static EVP_PKEY *copy(const EVP_PKEY *key, int selection, OSSL_LIB_CTX *to)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *other = NULL;

    MUST(EVP_PKEY_todata(key, selection, &params) == 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(to, EVP_PKEY_get0_type_name(key), NULL);
    MUST(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &other, selection, params) == 1);
    MUST(EVP_PKEY_fromdata_settable(ctx, selection) != NULL);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return other;
}

/* ---- parameters */

/* Asks one parameter as its descriptor says: without room, with the room that was told, with too little. */
static size_t ask(const EVP_PKEY *key, const OSSL_PARAM *descriptor, unsigned char *value, size_t room)
{
    OSSL_PARAM params[2] = {*descriptor, OSSL_PARAM_construct_end()};
    size_t size;

    params[0].data = NULL;
    params[0].data_size = 0;
    params[0].return_size = OSSL_PARAM_UNMODIFIED;
    if (EVP_PKEY_get_params(key, params) != 1 || !OSSL_PARAM_modified(params)) {
        ERR_clear_error();
        return 0;
    }
    size = params[0].return_size;
    MUST(size + 1 < room);
    memset(value, 0xa5, room);
    params[0].data = value;
    /* Text ends with a NUL, which is not counted. */
    params[0].data_size = size + (descriptor->data_type == OSSL_PARAM_UTF8_STRING);
    params[0].return_size = OSSL_PARAM_UNMODIFIED;
    MUST(EVP_PKEY_get_params(key, params) == 1 && OSSL_PARAM_modified(params) && params[0].return_size == size);
    for (size_t i = params[0].data_size; i < room; i++)
        MUST(value[i] == 0xa5);
    /* Of integers OpenSSL 3.0 itself reads what is there. */
    if (size > 1 && descriptor->data_type != OSSL_PARAM_INTEGER) {
        unsigned char little[1] = {0xa5};

        params[0].data = little;
        params[0].data_size = 0;
        params[0].return_size = OSSL_PARAM_UNMODIFIED;
        EVP_PKEY_get_params(key, params);
        MUST(little[0] == 0xa5);
        ERR_clear_error();
    }
    return size;
}

static int is_private(const char *name)
{
    return strcmp(name, "d") == 0 || strcmp(name, "priv") == 0 || strncmp(name, "rsa-", 4) == 0;
}

static void parameters(const struct subject *subject)
{
    const OSSL_PARAM *gettable = EVP_PKEY_gettable_params(subject->key), *settable = EVP_PKEY_settable_params(subject->key);
    unsigned char ours[1100], theirs[1100];
    size_t answered = 0;

    for (const OSSL_PARAM *next = gettable; next->key != NULL; next++) {
        size_t size = ask(subject->key, next, ours, sizeof(ours));

        if (is_private(next->key)) {
            MUST((size != 0) == !subject->in_tpm);
            continue;
        }
        /* What the public half of another provider says, but for the digest that a key of the TPM may be fixed to. */
        if (strstr(next->key, "digest") == NULL) {
            MUST(ask(subject->there, next, theirs, sizeof(theirs)) == size);
            MUST(memcmp(ours, theirs, size) == 0);
        }
        answered += size != 0;
    }
    MUST(answered >= (subject->rsa ? 5 : 10));
    /* What may be set takes the value that it has. */
    for (const OSSL_PARAM *next = settable; next != NULL && next->key != NULL; next++) {
        OSSL_PARAM params[2] = {*next, OSSL_PARAM_construct_end()};

        if (strcmp(next->key, "encoded-pub-key") == 0 || (params[0].data_size = ask(subject->key, next, ours, sizeof(ours))) == 0)
            continue;
        params[0].data = ours;
        MUST(EVP_PKEY_set_params(subject->key, params) == 1);
    }
    MUST(EVP_PKEY_get_bits(subject->key) == EVP_PKEY_get_bits(subject->there));
    MUST(EVP_PKEY_get_size(subject->key) == EVP_PKEY_get_size(subject->there));
    MUST(EVP_PKEY_get_security_bits(subject->key) == EVP_PKEY_get_security_bits(subject->there));
    MUST(EVP_PKEY_get0_description(subject->key) != NULL);
    MUST(strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(subject->key)), "tpm2") == 0);
    MUST(!EVP_PKEY_missing_parameters(subject->key) && EVP_PKEY_can_sign(subject->key) == 1);
    char name[80];
    size_t length;
    MUST(EVP_PKEY_get_default_digest_name(subject->key, name, sizeof(name)) >= 1);
    MUST(EVP_PKEY_digestsign_supports_digest(subject->key, NULL, name, NULL) == 1);
    MUST(EVP_PKEY_digestsign_supports_digest(subject->key, NULL, "no such digest", NULL) != 1);
    if (!subject->rsa)
        MUST(EVP_PKEY_get_group_name(subject->key, name, sizeof(name), &length) == 1 && length == strlen(name));
    ERR_clear_error();
}

/* ---- the key as a whole */

static void data(const struct subject *subject)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *public = copy(subject->key, EVP_PKEY_PUBLIC_KEY, NULL), *back, *whole;
    const char *part = subject->rsa ? "n" : "pub";

    MUST(EVP_PKEY_eq(public, subject->key) == 1 && EVP_PKEY_eq(subject->key, public) == 1);
    back = copy(subject->there, EVP_PKEY_PUBLIC_KEY, NULL);
    MUST(EVP_PKEY_eq(back, subject->key) == 1 && EVP_PKEY_parameters_eq(back, subject->key) == 1);
    EVP_PKEY_free(back);
    EVP_PKEY_free(public);
    if (!subject->rsa) {
        EVP_PKEY *parameters = copy(subject->key, EVP_PKEY_KEY_PARAMETERS, NULL);

        MUST(EVP_PKEY_parameters_eq(parameters, subject->key) == 1 && EVP_PKEY_eq(parameters, subject->key) != 1);
        EVP_PKEY_free(parameters);
    }
    MUST(EVP_PKEY_todata(subject->key, EVP_PKEY_PUBLIC_KEY, &params) == 1 && OSSL_PARAM_locate(params, part) != NULL);
    MUST(OSSL_PARAM_locate(params, "d") == NULL && OSSL_PARAM_locate(params, "priv") == NULL);
    OSSL_PARAM_free(params);
    ERR_clear_error();
    params = NULL;
    if (subject->in_tpm) {
        MUST(EVP_PKEY_todata(subject->key, EVP_PKEY_KEYPAIR, &params) != 1 && says("never leaves the TPM"));
        return;
    }
    whole = copy(subject->key, EVP_PKEY_KEYPAIR, clean);
    back = copy(whole, EVP_PKEY_KEYPAIR, NULL);
    MUST(EVP_PKEY_eq(whole, subject->key) == 1 && EVP_PKEY_eq(back, whole) == 1);
    EVP_PKEY_free(whole);
    EVP_PKEY_free(back);
}

static int check(EVP_PKEY *key, OSSL_LIB_CTX *libctx, int (*which)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    int result;

    MUST(ctx != NULL);
    result = which(ctx);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return result;
}

static void checks(const struct subject *subject)
{
    int (*const public[])(EVP_PKEY_CTX *)
        = {EVP_PKEY_public_check, EVP_PKEY_public_check_quick, EVP_PKEY_param_check, EVP_PKEY_param_check_quick};
    int (*const private[])(EVP_PKEY_CTX *) = {EVP_PKEY_check, EVP_PKEY_private_check, EVP_PKEY_pairwise_check};
    EVP_PKEY *half = copy(subject->key, EVP_PKEY_PUBLIC_KEY, NULL);

    for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++) {
        MUST(check(subject->key, NULL, public[i]) == check(subject->there, clean, public[i]));
        MUST(check(half, NULL, public[i]) == check(subject->there, clean, public[i]));
    }
    MUST(check(subject->key, NULL, public[0]) == 1 && check(subject->key, NULL, public[1]) == 1);
    for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++) {
        MUST(check(subject->key, NULL, private[i]) == 1);
        MUST(check(half, NULL, private[i]) == check(subject->there, clean, private[i]));
    }
    EVP_PKEY_free(half);
}

static char *printed(const EVP_PKEY *key, int (*print)(BIO *, const EVP_PKEY *, int, ASN1_PCTX *), int *result)
{
    static char page[20000];
    BIO *bio = BIO_new(BIO_s_mem());
    int length;

    *result = print(bio, key, 2, NULL);
    length = BIO_read(bio, page, sizeof(page) - 1);
    page[length < 0 ? 0 : length] = '\0';
    BIO_free(bio);
    ERR_clear_error();
    return page;
}

static void print(const struct subject *subject)
{
    int ours, theirs;
    char *page = strdup(printed(subject->there, EVP_PKEY_print_public, &theirs));

    MUST(strcmp(page, printed(subject->key, EVP_PKEY_print_public, &ours)) == 0 && ours == 1 && theirs == 1);
    free(page);
    page = strdup(printed(subject->there, EVP_PKEY_print_params, &theirs));
    MUST(strcmp(page, printed(subject->key, EVP_PKEY_print_params, &ours)) == 0 && ours == theirs);
    free(page);
    page = printed(subject->key, EVP_PKEY_print_private, &ours);
    MUST(ours == 1 && strstr(page, subject->in_tpm ? "in a TPM" : "Private-Key:") != NULL);
    MUST(!subject->in_tpm || (strstr(page, "priv:") == NULL && strstr(page, "privateExponent:") == NULL));
}

/* Written and read again, as PEM and as DER. */
static void files(const struct subject *subject)
{
    unsigned char *der = NULL;
    const unsigned char *next;
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *again;
    int length;

    MUST(PEM_write_bio_PUBKEY(bio, subject->key) == 1);
    again = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1);
    EVP_PKEY_free(again);
    length = i2d_PUBKEY(subject->key, &der);
    next = der;
    again = d2i_PUBKEY(NULL, &next, length);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1 && next == der + length);
    EVP_PKEY_free(again);
    OPENSSL_free(der);

    MUST(PEM_write_bio_PrivateKey(bio, subject->key, NULL, NULL, 0, NULL, NULL) == 1);
    again = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1 && check(again, NULL, EVP_PKEY_private_check) == 1);
    EVP_PKEY_free(again);
    der = NULL;
    length = i2d_PrivateKey(subject->key, &der);
    next = der;
    again = length <= 0 ? NULL : d2i_AutoPrivateKey(NULL, &next, length);
    MUST(again != NULL && EVP_PKEY_eq(again, subject->key) == 1);
    EVP_PKEY_free(again);
    OPENSSL_free(der);
    ERR_clear_error();
    if (subject->in_tpm) {
        MUST(PEM_write_bio_PrivateKey(bio, subject->key, EVP_aes_128_cbc(), NULL, 0, NULL, (void *)"word") != 1);
        MUST(says("without a cipher"));
        /* OpenSSL's old types hold both halves or none. */
        MUST(subject->rsa ? EVP_PKEY_get0_RSA(subject->key) == NULL : EVP_PKEY_get0_EC_KEY(subject->key) == NULL);
    }
    ERR_clear_error();
    BIO_free(bio);
}

/* ---- operations */

/* Reads everything that a context answers. */
static size_t answers(EVP_PKEY_CTX *ctx)
{
    size_t answered = 0;

    for (const OSSL_PARAM *next = EVP_PKEY_CTX_gettable_params(ctx); next != NULL && next->key != NULL; next++) {
        OSSL_PARAM params[2] = {*next, OSSL_PARAM_construct_end()};
        unsigned char value[600];

        params[0].data = value;
        params[0].data_size = next->data_type == OSSL_PARAM_INTEGER ? sizeof(int) : next->data_size != 0 ? next->data_size : sizeof(value);
        params[0].return_size = OSSL_PARAM_UNMODIFIED;
        answered += EVP_PKEY_CTX_get_params(ctx, params) == 1 && OSSL_PARAM_modified(params);
    }
    MUST(EVP_PKEY_CTX_settable_params(ctx) != NULL);
    ERR_clear_error();
    return answered;
}

static int verifies(const struct subject *subject, const unsigned char *signature, size_t length)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int result = EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", clean, NULL, subject->there, NULL) == 1
                 && EVP_DigestVerify(ctx, signature, length, text, sizeof text) == 1;

    EVP_MD_CTX_free(ctx);
    return result;
}

/* Signs in parts; the context is copied in the middle, and the original goes before the copy is finished. */
static void messages(const struct subject *subject)
{
    unsigned char signature[1024];
    size_t length = sizeof signature, half = sizeof text / 2;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *twin = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;

    MUST(EVP_DigestSignInit_ex(ctx, &options, "SHA256", NULL, NULL, subject->key, NULL) == 1);
    MUST(answers(options) >= 2);
    MUST(EVP_DigestSignUpdate(ctx, text, half) == 1);
    MUST(EVP_MD_CTX_copy_ex(twin, ctx) == 1);
    MUST(EVP_DigestSignUpdate(ctx, "something else", 14) == 1);
    EVP_MD_CTX_free(ctx);
    MUST(EVP_DigestSignUpdate(twin, text + half, sizeof text - half) == 1);
    /* A final copies the context by itself: it may be asked twice. */
    for (int i = 0; i < 2; i++) {
        MUST(EVP_DigestSignFinal(twin, NULL, &length) == 1 && length <= sizeof signature);
        MUST(EVP_DigestSignFinal(twin, signature, &length) == 1 && verifies(subject, signature, length));
    }
    /* A context that is begun anew without a key keeps the one that it has. */
    MUST(EVP_DigestSignInit_ex(twin, NULL, "SHA256", NULL, NULL, NULL, NULL) == 1);
    length = sizeof signature;
    MUST(EVP_DigestSign(twin, signature, &length, text, sizeof text) == 1 && verifies(subject, signature, length));

    ctx = EVP_MD_CTX_new();
    MUST(EVP_MD_CTX_reset(twin) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, &options, "SHA256", NULL, NULL, subject->key, NULL) == 1 && answers(options) >= 2);
    MUST(EVP_DigestVerifyUpdate(ctx, text, half) == 1 && EVP_MD_CTX_copy_ex(twin, ctx) == 1);
    EVP_MD_CTX_free(ctx);
    MUST(EVP_DigestVerifyUpdate(twin, text + half, sizeof text - half) == 1);
    MUST(EVP_DigestVerifyFinal(twin, signature, length) == 1);
    MUST(EVP_DigestVerifyUpdate(twin, "more", 4) != 1 || EVP_DigestVerifyFinal(twin, signature, length) != 1);
    ERR_clear_error();
    EVP_MD_CTX_free(twin);
}

/* Signs a digest with a context that is copied after its parameters are set, and goes before the copy is used. */
static void digests(const struct subject *subject)
{
    unsigned char signature[1024], digest[32] = "a digest of thirty-two octets..";
    size_t length = sizeof signature;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    if (subject->rsa)
        MUST(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1);
    twin = EVP_PKEY_CTX_dup(ctx);
    MUST(twin != NULL && answers(twin) >= 2);
    EVP_PKEY_CTX_free(ctx);
    MUST(EVP_PKEY_sign(twin, NULL, &length, digest, sizeof digest) == 1 && length <= sizeof signature);
    MUST(EVP_PKEY_sign(twin, signature, &length, digest, sizeof digest) == 1);
    EVP_PKEY_CTX_free(twin);

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL);
    MUST(EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    if (subject->rsa)
        MUST(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) == 1);
    twin = EVP_PKEY_CTX_dup(ctx);
    EVP_PKEY_CTX_free(ctx);
    MUST(twin != NULL && EVP_PKEY_verify(twin, signature, length, digest, sizeof digest) == 1);
    digest[0] ^= 1;
    MUST(EVP_PKEY_verify(twin, signature, length, digest, sizeof digest) != 1);
    ERR_clear_error();
    EVP_PKEY_CTX_free(twin);
}

static void recover(const struct subject *subject)
{
    unsigned char signature[1024], octets[1024];
    size_t length = sizeof signature, recovered = sizeof octets;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, signature, &length, text, 20) == 1);
    MUST(EVP_PKEY_verify_recover_init(ctx) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(EVP_PKEY_verify_recover(twin, NULL, &recovered, signature, length) == 1 && recovered <= sizeof octets);
    MUST(EVP_PKEY_verify_recover(twin, octets, &recovered, signature, length) == 1);
    MUST(recovered == 20 && memcmp(octets, text, 20) == 0);
    EVP_PKEY_CTX_free(twin);
}

static void ciphertexts(const struct subject *subject)
{
    unsigned char secret[1024], plain[1024];
    size_t length = sizeof secret, found = sizeof plain;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_encrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
    MUST(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 2 && EVP_PKEY_encrypt(twin, secret, &length, text, sizeof text) == 1);
    EVP_PKEY_CTX_free(twin);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL);
    MUST(EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
    MUST(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 2 && EVP_PKEY_decrypt(twin, NULL, &found, secret, length) == 1 && found <= sizeof plain);
    MUST(EVP_PKEY_decrypt(twin, plain, &found, secret, length) == 1);
    MUST(found == sizeof text && memcmp(plain, text, found) == 0);
    EVP_PKEY_CTX_free(twin);
}

static void secrets(const struct subject *subject)
{
    unsigned char ours[128], theirs[128];
    size_t length = sizeof ours, same = sizeof theirs;
    char group[80];
    MUST(EVP_PKEY_get_group_name(subject->key, group, sizeof group, NULL) == 1);
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(clean, NULL, "EC", group), *here = copy(peer, EVP_PKEY_PUBLIC_KEY, NULL);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, subject->key, NULL), *twin;

    MUST(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, here) == 1 && (twin = EVP_PKEY_CTX_dup(ctx)) != NULL);
    EVP_PKEY_CTX_free(ctx);
    MUST(answers(twin) >= 1 && EVP_PKEY_derive(twin, NULL, &length) == 1 && length <= sizeof ours);
    MUST(EVP_PKEY_derive(twin, ours, &length) == 1);
    EVP_PKEY_CTX_free(twin);
    ctx = EVP_PKEY_CTX_new_from_pkey(clean, peer, NULL);
    MUST(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, subject->there) == 1);
    MUST(EVP_PKEY_derive(ctx, theirs, &same) == 1 && same == length && memcmp(ours, theirs, length) == 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(here);
}

/* A request and a certificate, as applications make them by the library. */
static void certificate(const struct subject *subject)
{
    X509 *cert = X509_new();
    X509_REQ *request = X509_REQ_new();

    MUST(X509_set_pubkey(cert, subject->key) == 1 && X509_sign(cert, subject->key, EVP_sha256()) > 0);
    MUST(X509_verify(cert, subject->key) == 1 && X509_verify(cert, subject->there) == 1);
    MUST(X509_check_private_key(cert, subject->key) == 1);
    MUST(X509_REQ_set_pubkey(request, subject->key) == 1 && X509_REQ_sign(request, subject->key, EVP_sha256()) > 0);
    MUST(X509_REQ_verify(request, subject->there) == 1 && X509_REQ_check_private_key(request, subject->key) == 1);
    X509_free(cert);
    X509_REQ_free(request);
}

static void walk(EVP_PKEY *key, int in_tpm)
{
    struct subject subject = {key, copy(key, EVP_PKEY_PUBLIC_KEY, clean), !EVP_PKEY_is_a(key, "EC"), EVP_PKEY_is_a(key, "RSA-PSS"), in_tpm};
    EVP_PKEY *twin = EVP_PKEY_dup(key), *other = EVP_PKEY_Q_keygen(clean, NULL, "EC", "P-384");

    MUST(twin != NULL && EVP_PKEY_eq(twin, key) == 1 && EVP_PKEY_eq(key, subject.there) == 1 && EVP_PKEY_eq(subject.there, key) == 1);
    MUST(EVP_PKEY_eq(key, other) != 1 && EVP_PKEY_eq(other, key) != 1);
    MUST(EVP_PKEY_parameters_eq(key, other) == EVP_PKEY_parameters_eq(subject.there, other));
    ERR_clear_error();
    parameters(&subject);
    data(&subject);
    if (!quick || !subject.rsa)
        checks(&subject);
    print(&subject);
    files(&subject);
    certificate(&subject);
    /* The copy goes on when the original is gone. */
    EVP_PKEY_free(key);
    subject.key = twin;
    messages(&subject);
    digests(&subject);
    if (subject.rsa && !subject.pss) {
        recover(&subject);
        ciphertexts(&subject);
    } else if (!subject.rsa) {
        secrets(&subject);
    }
    MUST(ERR_peek_error() == 0);
    EVP_PKEY_free(other);
    EVP_PKEY_free(twin);
    EVP_PKEY_free(subject.there);
}

int main(int count, char **arguments)
{
    OSSL_PROVIDER *standard;

    clean = OSSL_LIB_CTX_new();
    standard = OSSL_PROVIDER_load(clean, "default");
    MUST(standard != NULL);
    for (int i = 1, in_tpm = 1; i < count; i++) {
        if (strcmp(arguments[i], "-q") == 0) {
            quick = 1;
        } else if (strcmp(arguments[i], "--") == 0) {
            in_tpm = 0;
        } else if (in_tpm) {
            walk(load(arguments[i], NULL), 1);
        } else {
            EVP_PKEY *theirs = load(arguments[i], clean);

            /* By the order of the providers it is tpm2 who imports it. */
            walk(copy(theirs, EVP_PKEY_KEYPAIR, NULL), 0);
            EVP_PKEY_free(theirs);
        }
    }
    OSSL_PROVIDER_unload(standard);
    OSSL_LIB_CTX_free(clean);
    return 0;
}
