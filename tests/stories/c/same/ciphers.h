/* Encryption and decryption. */
#ifndef CIPHERS_H
#define CIPHERS_H
#include "say.h"

static void cipher(EVP_PKEY *key, int padding)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL), *twin;
    unsigned char encrypted[1024];
    size_t size = sizeof encrypted;

    HEAD("padding %d", padding);
    SAY(EVP_PKEY_encrypt_init(ctx));
    SAY(EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
    SAY(EVP_PKEY_encrypt(ctx, NULL, &length, text, 32));
    NUMBER(length);
    if (SAY(EVP_PKEY_encrypt(ctx, encrypted, &size, text, padding == RSA_NO_PADDING ? 256 : 32)) != 1)
        memset(encrypted, 1, size = 256);
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, size));
    SAY(EVP_PKEY_decrypt_init(ctx));
    names("gettable", EVP_PKEY_CTX_gettable_params(ctx));
    names("settable", EVP_PKEY_CTX_settable_params(ctx));
    SAY(EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
    WORDS(option(ctx, "pad-mode"));
    SAY(EVP_PKEY_decrypt(ctx, NULL, &length, encrypted, size));
    NUMBER(length);
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, size));
    NUMBER(length);
    length = 1;
    SAY(EVP_PKEY_decrypt(ctx, out, &length, encrypted, size));
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, size - 1));
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, 0));
    twin = EVP_PKEY_CTX_dup(ctx);
    if (HAS(twin))
        SAY(EVP_PKEY_decrypt(twin, out, room(), encrypted, size));
    EVP_PKEY_CTX_free(twin);
    encrypted[size - 1] ^= 1;
    /* PKCS#1 v1.5 gives a random message (3.2 and later), of random length. */
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, size));
    memset(encrypted, 0xff, size);
    SAY(EVP_PKEY_decrypt(ctx, out, room(), encrypted, size));
    SAY(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()));
    WORDS(option(ctx, "digest"));
    SAY(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha384()));
    WORDS(option(ctx, "mgf1-digest"));
    SAY(set(ctx, "digest", "nonsense"));
    SAY(set(ctx, "pad-mode", "nonsense"));
    SAY(set(ctx, "no-such", "nonsense"));
    SAY(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup("label"), 5));
    SAY(EVP_PKEY_CTX_get0_rsa_oaep_label(ctx, &(unsigned char *){NULL}));
    SAY(EVP_PKEY_encrypt(ctx, out, room(), text, 32));
    EVP_PKEY_CTX_free(ctx);
}

static void ciphers(EVP_PKEY *key)
{
    static const int paddings[] = {RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_NO_PADDING, RSA_X931_PADDING, RSA_PKCS1_PSS_PADDING, 7, 0};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    HEAD("ciphers");
    SAY(EVP_PKEY_decrypt(ctx, out, room(), text, 32));
    SAY(EVP_PKEY_decrypt_init(ctx));
    SAY(EVP_PKEY_decrypt(ctx, out, room(), text, 32));
    SAY(EVP_PKEY_encrypt_init(ctx));
    SAY(EVP_PKEY_encapsulate_init(ctx, NULL));
    SAY(EVP_PKEY_decapsulate_init(ctx, NULL));
    EVP_PKEY_CTX_free(ctx);
    for (size_t i = 0; rsa && i < sizeof paddings / sizeof *paddings; i++)
        cipher(key, paddings[i]);
}
#endif
