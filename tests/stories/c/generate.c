/* generate [-q] FILE: generates keys in the TPM with the calls of libcrypto and uses them at once; FILE is the key file of an EC key.
 *
 * With -q no RSA key is generated in software: under valgrind the search for its primes takes seconds. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "answers.h"

static const char *TPM = "provider=tpm2";

static void check(int fine, const char *what)
{
    char text[LINE];

    if (!fine) {
        say("%s: %s", what, errors(text));
        exit(1);
    }
}

/* Checks that a call failed with this error in the queue. */
static void refused(int result, const char *what, const char *why)
{
    char text[LINE];

    check(result <= 0, what);
    errors(text);
    if (strstr(text, why) == NULL) {
        say("%s: should say %s: %s", what, why, text);
        exit(1);
    }
}

/* Checks that the key has this label, signs, and that the signature verifies. */
static void is_of(EVP_PKEY *key, const char *label, const char *what)
{
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    BIO *out = BIO_new(BIO_s_mem());
    char line[80] = "";

    check(key != NULL, what);
    check(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), what);
    BIO_gets(out, line, sizeof(line));
    if (strstr(line, label) == NULL) {
        say("%s: %s", what, line);
        exit(1);
    }
    check(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1, what);
    check(EVP_DigestSign(ctx, signature, &length, (const unsigned char *)"message", 7) == 1, what);
    EVP_MD_CTX_free(ctx);
    ctx = EVP_MD_CTX_new();
    check(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1, what);
    check(EVP_DigestVerify(ctx, signature, length, (const unsigned char *)"message", 7) == 1, what);
    EVP_MD_CTX_free(ctx);
    BIO_free(out);
}

static void in_tpm(EVP_PKEY *key, const char *what)
{
    is_of(key, "BEGIN TSS2 PRIVATE KEY", what);
}

static EVP_PKEY_CTX *begin(const char *algorithm, const char *query, const char *what)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, algorithm, query);

    check(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1, what);
    return ctx;
}

static EVP_PKEY *finish(EVP_PKEY_CTX *ctx, const char *what)
{
    EVP_PKEY *key = NULL;

    check(EVP_PKEY_generate(ctx, &key) == 1, what);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Generates from a template, with a property query that libcrypto ignores. */
static EVP_PKEY *like(EVP_PKEY *template, const char *query, const char *what)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, template, query);

    check(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1, what);
    return finish(ctx, what);
}

/* The same with parameters of the key, which libcrypto passes before the template. */
static EVP_PKEY_CTX *like_but(EVP_PKEY *template, OSSL_PARAM *params, const char *what)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, template, NULL);

    check(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1, what);
    check(EVP_PKEY_CTX_set_params(ctx, params) == 1, what);
    return ctx;
}

static void keep(EVP_PKEY *key, const char *name)
{
    BIO *out = BIO_new_file(name, "w");

    check(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), name);
    BIO_free(out);
}

static int reports;

static int count(EVP_PKEY_CTX *ctx)
{
    reports++;
    return 1;
}

static int stop(EVP_PKEY_CTX *ctx)
{
    return 0;
}

static void curve_is(EVP_PKEY *key, const char *curve, const char *what)
{
    char name[80] = "";

    check(EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1 && strcmp(name, curve) == 0, what);
}

static void quick(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, TPM, "RSA", (size_t)1024), *other, *copy;

    in_tpm(key, "EVP_PKEY_Q_keygen RSA");
    check(EVP_PKEY_get_bits(key) == 1024, "bits");
    EVP_PKEY_free(key);
    key = EVP_PKEY_Q_keygen(NULL, TPM, "EC", "P-384");
    in_tpm(key, "EVP_PKEY_Q_keygen EC");
    curve_is(key, "secp384r1", "EVP_PKEY_Q_keygen EC");
    copy = EVP_PKEY_dup(key);
    in_tpm(copy, "a copy");
    check(EVP_PKEY_eq(key, copy) == 1, "the copy is the key");
    other = EVP_PKEY_Q_keygen(NULL, "?provider=tpm2", "EC", "P-384");
    in_tpm(other, "by a query that only prefers");
    check(EVP_PKEY_eq(key, other) == 0, "two keys are two");
    EVP_PKEY_free(other);
    EVP_PKEY_free(copy);
    EVP_PKEY_free(key);
}

static void with_parameters(void)
{
    int da = 1;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("group", "prime256v1", 0),
        OSSL_PARAM_construct_utf8_string("user-auth", "secret", 0),
        OSSL_PARAM_construct_utf8_string("parent", "owner", 0),
        OSSL_PARAM_construct_int("da", &da),
        OSSL_PARAM_construct_end(),
    };
    OSSL_PARAM bytes[] = {
        OSSL_PARAM_construct_octet_string("user-auth", "se\0ret", 6),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = begin("EC", TPM, "EC");
    EVP_PKEY *key;

    check(EVP_PKEY_CTX_set_params(ctx, params) == 1, "parameters");
    /* The later password takes effect. */
    check(EVP_PKEY_CTX_set_params(ctx, bytes) == 1, "a password with a zero in it");
    key = finish(ctx, "EC with parameters");
    in_tpm(key, "EC with parameters");
    EVP_PKEY_free(key);

    ctx = begin("EC", TPM, "EC");
    check(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) == 1, "a curve by number");
    check(EVP_PKEY_CTX_set_ec_param_enc(ctx, OPENSSL_EC_NAMED_CURVE) == 1, "a named curve");
    in_tpm(key = finish(ctx, "by controls"), "by controls");
    EVP_PKEY_free(key);

    ctx = begin("RSA", TPM, "RSA");
    check(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 1024) == 1, "bits");
    check(EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 2) == 1, "primes");
    reports = 0;
    EVP_PKEY_CTX_set_cb(ctx, count);
    in_tpm(key = finish(ctx, "RSA"), "RSA");
    check(reports > 0, "progress");
    EVP_PKEY_free(key);

    /* One context generates two keys. */
    ctx = begin("EC", TPM, "EC");
    check(EVP_PKEY_CTX_set_group_name(ctx, "P-256") == 1, "a curve by name");
    key = NULL;
    check(EVP_PKEY_generate(ctx, &key) == 1, "the first");
    in_tpm(key, "the first");
    EVP_PKEY_free(key);
    in_tpm(key = finish(ctx, "the second"), "the second");
    EVP_PKEY_free(key);
}

static void refusals(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = begin("EC", TPM, "EC");
    OSSL_PARAM number[] = {OSSL_PARAM_construct_size_t("parent", &(size_t){1}), OSSL_PARAM_construct_end()};

    refused(EVP_PKEY_generate(ctx, &key), "no curve", "needs a curve");
    check(EVP_PKEY_CTX_set_group_name(ctx, "P-256") == 1, "a curve by name");
    refused(EVP_PKEY_CTX_set_params(ctx, number), "a parent as a number", "parent");
    EVP_PKEY_CTX_set_cb(ctx, stop);
    refused(EVP_PKEY_generate(ctx, &key), "stopped", "stopped by the application");
    check(key == NULL, "no key comes of it");
    EVP_PKEY_CTX_set_cb(ctx, NULL);
    in_tpm(key = finish(ctx, "after all"), "after all");
    EVP_PKEY_free(key);
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", TPM);
    check(ctx != NULL && EVP_PKEY_paramgen_init(ctx) <= 0, "RSA has no parameters");
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
}

static void templates(const char *name)
{
    BIO *in = BIO_new_file(name, "r");
    EVP_PKEY *file = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL), *made, *parameters = NULL, *key, *software;
    EVP_PKEY_CTX *ctx;

    check(file != NULL, name);
    in_tpm(key = like(file, TPM, "like the key of a file"), "like the key of a file");
    check(EVP_PKEY_parameters_eq(key, file) == 1 && EVP_PKEY_eq(key, file) == 0, "another key on its curve");
    EVP_PKEY_free(key);
    in_tpm(key = like(file, NULL, "like the key of a file, no query"), "like the key of a file, no query");
    EVP_PKEY_free(key);

    /* The parameters of a TPM key are ordinary parameters. */
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, file, NULL);
    check(EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_paramgen(ctx, &parameters) == 1, "parameters of a TPM key");
    check(EVP_PKEY_parameters_eq(parameters, file) == 1, "they are its own");
    check(i2d_PUBKEY(parameters, NULL) <= 0, "without a public half");
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(parameters);
    parameters = NULL;

    made = EVP_PKEY_Q_keygen(NULL, TPM, "EC", "P-384");
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, made, NULL);
    check(EVP_PKEY_paramgen_init(ctx) == 1 && EVP_PKEY_paramgen(ctx, &parameters) == 1, "parameters of a new key");
    check(EVP_PKEY_parameters_eq(parameters, made) == 1 && EVP_PKEY_eq(parameters, made) != 1, "without its public half");
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(parameters);
    parameters = NULL;
    in_tpm(key = like(made, NULL, "like a new key"), "like a new key");
    curve_is(key, "secp384r1", "like a new key");
    EVP_PKEY_free(key);
    EVP_PKEY_free(made);

    made = EVP_PKEY_Q_keygen(NULL, TPM, "RSA", (size_t)1024);
    in_tpm(key = like(made, NULL, "like an RSA key"), "like an RSA key");
    check(EVP_PKEY_get_bits(key) == 1024, "as long as its template");
    EVP_PKEY_free(key);
    EVP_PKEY_free(made);

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", TPM);
    check(ctx != NULL && EVP_PKEY_paramgen_init(ctx) == 1, "EVP_PKEY_paramgen_init");
    check(EVP_PKEY_CTX_set_group_name(ctx, "P-521") == 1, "a curve by name");
    check(EVP_PKEY_paramgen(ctx, &parameters) == 1, "EVP_PKEY_paramgen");
    EVP_PKEY_CTX_free(ctx);
    in_tpm(key = like(parameters, NULL, "by parameters of provider=tpm2"), "by parameters of provider=tpm2");
    curve_is(key, "secp521r1", "by parameters of provider=tpm2");
    EVP_PKEY_free(key);
    EVP_PKEY_free(parameters);

    /* A software template gives a software key. */
    software = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    is_of(software, "BEGIN PRIVATE KEY", "no query");
    is_of(key = like(software, NULL, "like a software key"), "BEGIN PRIVATE KEY", "like a software key");
    EVP_PKEY_free(key);
    EVP_PKEY_free(software);
    EVP_PKEY_free(file);
    BIO_free(in);
}

/* Parameters override the template; the story checks the files. */
static void templates_and_parameters(const char *name)
{
    OSSL_PARAM ours[] = {
        OSSL_PARAM_construct_octet_string("user-auth", "secret", 6),
        OSSL_PARAM_construct_utf8_string("pcr-lock", "sha256:23", 0),
        OSSL_PARAM_construct_utf8_string("parent", "endorsement", 0),
        OSSL_PARAM_construct_end(),
    };
    OSSL_PARAM da[] = {OSSL_PARAM_construct_utf8_string("da", "yes", 0), OSSL_PARAM_construct_end()};
    OSSL_PARAM nonsense[] = {OSSL_PARAM_construct_utf8_string("parent", "srk", 0), OSSL_PARAM_construct_end()};
    OSSL_PARAM rsa[] = {
        OSSL_PARAM_construct_uint("bits", &(unsigned){1024}),
        OSSL_PARAM_construct_uint("e", &(unsigned){65539}),
        OSSL_PARAM_construct_end(),
    };
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string("digest", "SHA384", 0),
        OSSL_PARAM_construct_utf8_string("mgf1-digest", "SHA384", 0),
        OSSL_PARAM_construct_end(),
    };
    BIO *in = BIO_new_file(name, "r");
    EVP_PKEY *file = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL), *made, *key = NULL;
    EVP_PKEY_CTX *ctx = like_but(file, ours, "a password, a policy, a parent");
    BIGNUM *exponent = NULL;
    char mandatory[80];

    check(EVP_PKEY_CTX_set_params(ctx, da) == 1, "protection");
    in_tpm(key = finish(ctx, "like a file, but"), "like a file, but");
    keep(key, "like.ec");
    EVP_PKEY_free(key);
    key = NULL;
    /* As text, like the command line. */
    ctx = like_but(file, da, "protection");
    check(EVP_PKEY_CTX_ctrl_str(ctx, "user-auth", "secret") == 1, "a password as text");
    keep(key = finish(ctx, "like a file, with a password"), "like.text");
    EVP_PKEY_free(key);
    key = NULL;
    ctx = like_but(file, nonsense, "what makes no sense");
    refused(EVP_PKEY_generate(ctx, &key), "what makes no sense", "parent");
    check(key == NULL, "no key comes of it");
    EVP_PKEY_CTX_free(ctx);

    made = EVP_PKEY_Q_keygen(NULL, TPM, "RSA", (size_t)2048);
    in_tpm(key = finish(like_but(made, rsa, "an exponent"), "an exponent"), "an exponent");
    check(EVP_PKEY_get_bits(key) == 1024, "shorter than its template");
    check(EVP_PKEY_get_bn_param(key, "e", &exponent) == 1 && BN_is_word(exponent, 65539), "the exponent");
    BN_free(exponent);
    EVP_PKEY_free(key);
    EVP_PKEY_free(made);

    ctx = begin("RSA-PSS", TPM, "RSA-PSS");
    check(EVP_PKEY_CTX_set_params(ctx, digest) == 1, "a digest");
    keep(made = finish(ctx, "RSA-PSS"), "pss");
    check(EVP_PKEY_get_default_digest_name(made, mandatory, sizeof(mandatory)) == 2, "it is mandatory");
    keep(key = finish(like_but(made, da, "like RSA-PSS"), "like RSA-PSS"), "like.pss");
    EVP_PKEY_free(key);
    EVP_PKEY_free(made);

    EVP_PKEY_free(file);
    BIO_free(in);
}

static void software_templates(void)
{
    OSSL_PARAM bits[] = {OSSL_PARAM_construct_uint("bits", &(unsigned){512}), OSSL_PARAM_construct_end()};
    EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    EVP_PKEY *key = finish(like_but(made, bits, "a software key"), "a software key");

    is_of(key, "BEGIN PRIVATE KEY", "like a software key");
    check(EVP_PKEY_get_bits(key) == 512, "as long as was said");
    EVP_PKEY_free(key);
    EVP_PKEY_free(made);
}

static void derivation(void)
{
    EVP_PKEY *tpm = EVP_PKEY_Q_keygen(NULL, TPM, "EC", "P-256"), *software = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *pairs[2][2] = {{tpm, software}, {software, tpm}};
    unsigned char secrets[2][32], *public = NULL;

    for (int i = 0; i < 2; i++) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pairs[i][0], NULL);
        size_t length = 32, size = EVP_PKEY_get1_encoded_public_key(pairs[i][1], &public);
        EVP_PKEY *peer = EVP_PKEY_new();

        check(EVP_PKEY_copy_parameters(peer, pairs[i][1]) == 1, "EVP_PKEY_copy_parameters");
        check(EVP_PKEY_set1_encoded_public_key(peer, public, size) == 1, "EVP_PKEY_set1_encoded_public_key");
        check(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1, "peer");
        check(EVP_PKEY_derive(ctx, secrets[i], &length) == 1, "EVP_PKEY_derive");
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
        OPENSSL_free(public);
    }
    check(memcmp(secrets[0], secrets[1], 32) == 0, "both ends agree");
    EVP_PKEY_free(tpm);
    EVP_PKEY_free(software);
}

int main(int argc, char **argv)
{
    quick();
    with_parameters();
    refusals();
    templates(argv[argc - 1]);
    templates_and_parameters(argv[argc - 1]);
    if (strcmp(argv[1], "-q") != 0)
        software_templates();
    derivation();
    check(ERR_peek_error() == 0, "nothing is left on the queue");
    return 0;
}
