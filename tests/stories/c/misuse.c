/* Wrong calls of a program in C: each fails with an error of tpm2 that names the mistake, and the key still works.
 *
 *   misuse FILE ...      private keys in the TPM */
#include "must.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

static unsigned char room[1000];
static const unsigned char digest[32] = "a digest of thirty-two bytes..";

/* Returns true if one of the errors since the last call comes from tpm2 and contains both texts. */
static int says_both(const char *part, const char *other)
{
    unsigned long code;
    const char *data;
    int flags, found = 0;

    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        const char *library = ERR_lib_error_string(code);

        found |= library != NULL && strcmp(library, "tpm2") == 0 && ERR_reason_error_string(code) != NULL
                 && (flags & ERR_TXT_STRING) && strstr(data, part) != NULL
                 && strstr(data, other) != NULL;
    }
    if (!found)
        fprintf(stderr, "no error contains: %s%s\n", part, other);
    return found;
}

static int says(const char *part)
{
    return says_both(part, "");
}

static EVP_PKEY_CTX *context(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    MUST(ctx != NULL);
    memset(room, 0xa5, sizeof room);
    return ctx;
}

static void sign(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = context(key);
    size_t size = 0, length = 10;

    MUST(EVP_PKEY_sign_init(ctx) == 1);
    MUST(EVP_PKEY_sign(ctx, NULL, &size, digest, sizeof digest) == 1 && size > 60);
    MUST(EVP_PKEY_sign(ctx, room, &length, digest, sizeof digest) != 1 && says("the buffer has 10"));
    length = size - 1;
    MUST(EVP_PKEY_sign(ctx, room, &length, digest, sizeof digest) != 1 && says("bytes are needed"));
    MUST(room[0] == 0xa5);
    length = sizeof room;
    MUST(EVP_PKEY_sign(ctx, room, &length, NULL, sizeof digest) != 1 && says("the input is NULL"));
    MUST(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha384()) == 1);
    MUST(EVP_PKEY_sign(ctx, room, &length, digest, sizeof digest) != 1 && says("has 48 bytes, but the caller passed 32 bytes"));
    MUST(room[0] == 0xa5);
    /* After all these errors it signs. */
    MUST(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    MUST(EVP_PKEY_sign(ctx, room, &length, digest, sizeof digest) == 1 && length <= size);
    EVP_PKEY_CTX_free(ctx);
}

static void message(EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    char other[] = "SHA512";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string("digest", other, 0), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *options;
    size_t length = 10;

    MUST(EVP_DigestSignInit_ex(ctx, &options, "SHA256", NULL, NULL, key, NULL) == 1);
    MUST(EVP_DigestSignUpdate(ctx, "message", 7) == 1);
    MUST(EVP_PKEY_CTX_set_params(options, params) != 1
         && says_both("cannot change the digest of a signature in progress from ", " to SHA512; hint: call the init function again"));
    MUST(EVP_DigestSignFinal(ctx, room, &length) != 1 && says("the buffer has 10"));
    MUST(EVP_DigestVerifyFinal(ctx, room, length) != 1);
    ERR_clear_error();
    length = sizeof room;
    MUST(EVP_DigestSignFinal(ctx, room, &length) == 1);
    EVP_MD_CTX_free(ctx);
}

static void decrypt(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = context(key);
    size_t length = 10;

    MUST(EVP_PKEY_decrypt_init(ctx) == 1);
    MUST(EVP_PKEY_decrypt(ctx, room, &length, room, 256) != 1 && says("the buffer has 10"));
    length = sizeof room;
    memset(room, 0xff, 256);
    MUST(EVP_PKEY_decrypt(ctx, room, &length, room, 256) != 1 && says("not below the modulus"));
    MUST(EVP_PKEY_decrypt(ctx, room, &length, NULL, 256) != 1 && says("the input is NULL"));
    EVP_PKEY_CTX_free(ctx);
}

static void derive(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = context(key);
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    size_t length = sizeof room;

    MUST(EVP_PKEY_derive_init(ctx) == 1);
    MUST(EVP_PKEY_derive(ctx, room, &length) != 1 && says("the peer's key is not set"));
    MUST(EVP_PKEY_derive_set_peer(ctx, other) != 1 && says("different curves"));
    MUST(room[0] == 0xa5);
    EVP_PKEY_free(other);
    EVP_PKEY_CTX_free(ctx);
}

/* The public half signs nothing and fails with an error. */
static void public_half(EVP_PKEY *key)
{
    OSSL_PARAM *params = NULL;
    EVP_PKEY *half = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, EVP_PKEY_get0_type_name(key), NULL);
    size_t length = sizeof room;

    MUST(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params) == 1 && EVP_PKEY_fromdata_init(ctx) == 1);
    MUST(EVP_PKEY_fromdata(ctx, &half, EVP_PKEY_PUBLIC_KEY, params) == 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    ctx = context(half);
    MUST(EVP_PKEY_sign_init(ctx) != 1 || EVP_PKEY_sign(ctx, room, &length, digest, sizeof digest) != 1);
    MUST(ERR_peek_error() != 0 && room[0] == 0xa5);
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(half);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        BIO *bio = BIO_new_file(arguments[i], "r");
        EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

        MUST(key != NULL);
        sign(key);
        message(key);
        if (EVP_PKEY_is_a(key, "RSA"))
            decrypt(key);
        else
            derive(key);
        public_half(key);
        EVP_PKEY_free(key);
        BIO_free(bio);
    }
    return 0;
}
