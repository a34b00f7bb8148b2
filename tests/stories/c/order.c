/* Uses software keys by plain fetches: they must behave as if tpm2 were absent, whichever provider serves them.
 *
 *   order NAME [KEY ...]   signs with the keys of these files first; prints the provider of a plain fetch of EC and RSA, which must be
 *                          NAME unless that is "any"; then tries everything
 *
 * A second library context without tpm2 checks every result. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static OSSL_LIB_CTX *clean;
static const unsigned char text[] = "a message of some length, signed in parts";

#define MUST(condition)                                                                                                       \
    do {                                                                                                                      \
        if (!(condition)) {                                                                                                   \
            fprintf(stderr, "order.c:%d: %s\n", __LINE__, #condition);                                                        \
            ERR_print_errors_fp(stderr);                                                                                      \
            exit(1);                                                                                                          \
        }                                                                                                                     \
    } while (0)

static const char *provider_of(const char *algorithm)
{
    EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(NULL, algorithm, NULL);
    MUST(keymgmt != NULL);
    const char *name = OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(keymgmt));
    EVP_KEYMGMT_free(keymgmt);
    return name;
}

/* Copies a key or its public half to another library context, through parameters. */
static EVP_PKEY *copy(EVP_PKEY *key, int selection, OSSL_LIB_CTX *to)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *other = NULL;
    MUST(EVP_PKEY_todata(key, selection, &params));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(to, EVP_PKEY_get0_type_name(key), NULL);
    MUST(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &other, selection, params) == 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return other;
}

/* Signs in parts with a context that is copied midway, and verifies with another key object; then one-shot, the other way round. */
static void sign_and_verify(EVP_PKEY *key, EVP_PKEY *other, const char *digest, const OSSL_PARAM *params)
{
    unsigned char signature[1024], again[1024];
    size_t length = sizeof signature, length_again = sizeof again, half = sizeof text / 2;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new(), *twin = EVP_MD_CTX_new();
    MUST(EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, params) == 1);
    MUST(EVP_DigestSignUpdate(ctx, text, half) == 1);
    MUST(EVP_MD_CTX_copy_ex(twin, ctx) == 1);
    MUST(EVP_DigestSignUpdate(ctx, "something else", 14) == 1);
    MUST(EVP_DigestSignUpdate(twin, text + half, sizeof text - half) == 1);
    MUST(EVP_DigestSignFinal(ctx, again, &length_again) == 1);
    MUST(EVP_DigestSignFinal(twin, NULL, &length) == 1 && length <= sizeof signature);
    MUST(EVP_DigestSignFinal(twin, signature, &length) == 1);
    MUST(EVP_MD_CTX_reset(ctx) == 1 && EVP_MD_CTX_reset(twin) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, NULL, digest, clean, NULL, other, params) == 1);
    MUST(EVP_DigestVerify(ctx, signature, length, text, sizeof text) == 1);
    MUST(EVP_MD_CTX_reset(ctx) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, NULL, digest, clean, NULL, other, params) == 1);
    MUST(EVP_DigestVerify(ctx, again, length_again, text, sizeof text) != 1);
    ERR_clear_error();

    length = sizeof signature;
    MUST(EVP_DigestSignInit_ex(twin, NULL, digest, NULL, NULL, key, params) == 1);
    MUST(EVP_DigestSign(twin, signature, &length, text, sizeof text) == 1);
    MUST(EVP_MD_CTX_reset(twin) == 1);
    MUST(EVP_DigestVerifyInit_ex(twin, NULL, digest, NULL, NULL, key, params) == 1);
    MUST(EVP_DigestVerifyUpdate(twin, text, 5) == 1 && EVP_DigestVerifyUpdate(twin, text + 5, sizeof text - 5) == 1);
    MUST(EVP_DigestVerifyFinal(twin, signature, length) == 1);
    signature[length - 1] ^= 1;
    MUST(EVP_MD_CTX_reset(twin) == 1);
    MUST(EVP_DigestVerifyInit_ex(twin, NULL, digest, NULL, NULL, key, params) == 1);
    MUST(EVP_DigestVerify(twin, signature, length, text, sizeof text) != 1);
    ERR_clear_error();
    EVP_MD_CTX_free(ctx);
    EVP_MD_CTX_free(twin);
}

static size_t derive(EVP_PKEY *key, EVP_PKEY *peer, OSSL_LIB_CTX *libctx, const OSSL_PARAM *params, unsigned char *secret)
{
    size_t length = 0;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    MUST(ctx != NULL && EVP_PKEY_derive_init_ex(ctx, params) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1);
    MUST(EVP_PKEY_derive(ctx, NULL, &length) == 1 && length <= 256);
    MUST(EVP_PKEY_derive(ctx, secret, &length) == 1);
    EVP_PKEY_CTX_free(ctx);
    return length;
}

static void curve(const char *group)
{
    unsigned char ours[256], theirs[256];
    size_t length = 100;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group), *other = EVP_PKEY_Q_keygen(clean, NULL, "EC", group);
    MUST(key != NULL && other != NULL);
    EVP_PKEY *key_there = copy(key, EVP_PKEY_PUBLIC_KEY, clean), *whole = copy(key, EVP_PKEY_KEYPAIR, clean);
    EVP_PKEY *other_here = copy(other, EVP_PKEY_PUBLIC_KEY, NULL), *back = copy(whole, EVP_PKEY_KEYPAIR, NULL);
    MUST(EVP_PKEY_eq(key, key_there) == 1 && EVP_PKEY_eq(key_there, key) == 1 && EVP_PKEY_eq(back, key) == 1);
    MUST(EVP_PKEY_eq(key, other_here) == 0 && EVP_PKEY_eq(other, key) == 0);
    sign_and_verify(key, key_there, "SHA256", NULL);
    sign_and_verify(back, whole, "SHA3-256", NULL);
    sign_and_verify(whole, key, "SHA1", NULL);

    MUST(derive(key, other_here, NULL, NULL, ours) == derive(other, key_there, clean, NULL, theirs));
    MUST(memcmp(ours, theirs, (size_t)(EVP_PKEY_get_bits(key) + 7) / 8) == 0);
    /* libssl accepts a peer of any provider. */
    MUST(derive(key, other, NULL, NULL, ours) > 0 && memcmp(ours, theirs, 20) == 0);
    OSSL_PARAM kdf[] = {
        OSSL_PARAM_construct_utf8_string("kdf-type", "X963KDF", 0),
        OSSL_PARAM_construct_utf8_string("kdf-digest", "SHA256", 0),
        OSSL_PARAM_construct_octet_string("kdf-ukm", (void *)text, 9),
        OSSL_PARAM_construct_size_t("kdf-outlen", &length),
        OSSL_PARAM_construct_end(),
    };
    MUST(derive(key, other_here, NULL, kdf, ours) == 100 && derive(other, key_there, clean, kdf, theirs) == 100);
    MUST(memcmp(ours, theirs, 100) == 0);

    /* As libssl does: an ephemeral key with the peer's parameters. */
    EVP_PKEY *ephemeral = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, other_here, NULL);
    MUST(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &ephemeral) == 1);
    MUST(EVP_PKEY_parameters_eq(ephemeral, other_here) == 1 && derive(ephemeral, other_here, NULL, NULL, ours) > 0);
    unsigned char *point = NULL;
    size_t point_length = EVP_PKEY_get1_encoded_public_key(ephemeral, &point);
    EVP_PKEY *received = EVP_PKEY_new();
    MUST(point_length > 0 && EVP_PKEY_copy_parameters(received, other_here) == 1);
    MUST(EVP_PKEY_set1_encoded_public_key(received, point, point_length) == 1 && EVP_PKEY_eq(received, ephemeral) == 1);
    OPENSSL_free(point);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(received);
    EVP_PKEY_free(ephemeral);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key_there);
    EVP_PKEY_free(whole);
    EVP_PKEY_free(other_here);
    EVP_PKEY_free(back);
}

static size_t transform(EVP_PKEY *key, OSSL_LIB_CTX *libctx, int encrypt, const OSSL_PARAM *params, const unsigned char *in,
                        size_t in_length, unsigned char *out)
{
    size_t length = 0;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    MUST(ctx != NULL);
    MUST((encrypt ? EVP_PKEY_encrypt_init_ex(ctx, params) : EVP_PKEY_decrypt_init_ex(ctx, params)) == 1);
    MUST((encrypt ? EVP_PKEY_encrypt(ctx, NULL, &length, in, in_length) : EVP_PKEY_decrypt(ctx, NULL, &length, in, in_length)) == 1);
    MUST(length <= 512);
    MUST((encrypt ? EVP_PKEY_encrypt(ctx, out, &length, in, in_length) : EVP_PKEY_decrypt(ctx, out, &length, in, in_length)) == 1);
    EVP_PKEY_CTX_free(ctx);
    return length;
}

static void rsa(void)
{
    unsigned char secret[512], plain[512], signature[512], recovered[512];
    size_t length = sizeof signature, recovered_length = sizeof recovered;
    int padding = RSA_PKCS1_PSS_PADDING;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    MUST(key != NULL);
    EVP_PKEY *there = copy(key, EVP_PKEY_PUBLIC_KEY, clean), *whole = copy(key, EVP_PKEY_KEYPAIR, clean);
    MUST(EVP_PKEY_eq(key, there) == 1 && EVP_PKEY_eq(there, key) == 1);
    sign_and_verify(key, there, "SHA256", NULL);
    sign_and_verify(key, there, "MD5-SHA1", NULL);
    OSSL_PARAM words[] = {
        OSSL_PARAM_construct_utf8_string("pad-mode", "pss", 0),
        OSSL_PARAM_construct_utf8_string("saltlen", "digest", 0),
        OSSL_PARAM_construct_utf8_string("mgf1-digest", "SHA1", 0),
        OSSL_PARAM_construct_utf8_string("tls-version", "ignored", 0),
        OSSL_PARAM_construct_end(),
    };
    sign_and_verify(key, there, "SHA384", words);
    OSSL_PARAM numbers[] = {
        OSSL_PARAM_construct_int("pad-mode", &padding),
        OSSL_PARAM_construct_utf8_string("saltlen", "-1", 0),
        OSSL_PARAM_construct_end(),
    };
    sign_and_verify(key, there, "SHA512", numbers);

    OSSL_PARAM oaep[] = {
        OSSL_PARAM_construct_utf8_string("pad-mode", "oaep", 0),
        OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0),
        OSSL_PARAM_construct_octet_string("oaep-label", (void *)text, 7),
        OSSL_PARAM_construct_end(),
    };
    length = transform(there, clean, 1, oaep, text, 20, secret);
    MUST(transform(key, NULL, 0, oaep, secret, length, plain) == 20 && memcmp(plain, text, 20) == 0);
    length = transform(key, NULL, 1, NULL, text, 30, secret);
    MUST(transform(whole, clean, 0, NULL, secret, length, plain) == 30 && memcmp(plain, text, 30) == 0);

    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    length = sizeof signature;
    MUST(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, signature, &length, text, 33) == 1);
    MUST(EVP_PKEY_verify_recover_init(ctx) == 1);
    MUST(EVP_PKEY_verify_recover(ctx, recovered, &recovered_length, signature, length) == 1);
    MUST(recovered_length == 33 && memcmp(recovered, text, 33) == 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    EVP_PKEY_free(there);
    EVP_PKEY_free(whole);
}

/* Software keys of a certificate chain: verified by the provider that has them, never by tpm2. */
static void foreign(const char *type)
{
    unsigned char signature[128], *der = NULL;
    const unsigned char *next;
    size_t length = sizeof signature;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(clean, NULL, type);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    MUST(key != NULL && EVP_DigestSignInit_ex(ctx, NULL, NULL, clean, NULL, key, NULL) == 1);
    MUST(EVP_DigestSign(ctx, signature, &length, text, sizeof text) == 1);
    int der_length = i2d_PUBKEY(key, &der);
    next = der;
    EVP_PKEY *here = d2i_PUBKEY(NULL, &next, der_length);
    MUST(here != NULL && EVP_MD_CTX_reset(ctx) == 1);
    MUST(EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, here, NULL) == 1);
    MUST(EVP_DigestVerify(ctx, signature, length, text, sizeof text) == 1);
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    EVP_PKEY_free(here);
}

static void use(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    MUST(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    MUST(key != NULL);
    EVP_PKEY *there = copy(key, EVP_PKEY_PUBLIC_KEY, clean);
    sign_and_verify(key, there, "SHA256", NULL);
    EVP_PKEY_free(there);
    EVP_PKEY_free(key);
    BIO_free(bio);
}

int main(int count, char **arguments)
{
    MUST(count >= 2);
    clean = OSSL_LIB_CTX_new();
    MUST(clean != NULL);
    OSSL_PROVIDER *provider = OSSL_PROVIDER_load(clean, "default");
    MUST(provider != NULL);
    for (int i = 2; i < count; i++)
        use(arguments[i]);
    printf("EC by %s, RSA by %s\n", provider_of("EC"), provider_of("RSA"));
    if (strcmp(arguments[1], "any") != 0)
        MUST(strcmp(provider_of("EC"), arguments[1]) == 0 && strcmp(provider_of("RSA"), arguments[1]) == 0);
    curve("P-256");
    curve("P-384");
    curve("P-521");
    curve("secp256k1");
    rsa();
    foreign("ED25519");
    MUST(ERR_peek_error() == 0);
    OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(clean);
    return 0;
}
