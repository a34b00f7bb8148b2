/* Key agreement. */
#ifndef EXCHANGES_H
#define EXCHANGES_H
#include "say.h"
#include <openssl/ec.h>

static void derivation(EVP_PKEY *key, EVP_PKEY *peer)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL), *back = EVP_PKEY_CTX_new_from_pkey(NULL, peer, NULL), *twin;
    EVP_PKEY *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    unsigned char secret[64];

    SAY(EVP_PKEY_derive(ctx, out, room()));
    SAY(EVP_PKEY_derive_set_peer(ctx, peer));
    SAY(EVP_PKEY_derive_init(ctx));
    names("gettable", EVP_PKEY_CTX_gettable_params(ctx));
    names("settable", EVP_PKEY_CTX_settable_params(ctx));
    SAY(EVP_PKEY_derive(ctx, out, room()));
    SAY(EVP_PKEY_derive(ctx, NULL, &length));
    SAY(EVP_PKEY_derive_set_peer(ctx, theirs));
    SAY(EVP_PKEY_derive_set_peer(ctx, x25519));
    SAY(EVP_PKEY_derive_set_peer(ctx, peer));
    SAY(EVP_PKEY_derive(ctx, NULL, &length));
    NUMBER(length);
    SAY(EVP_PKEY_derive(ctx, secret, room()));
    NUMBER(length);
    SAY(EVP_PKEY_derive_init(back));
    SAY(EVP_PKEY_derive_set_peer(back, key));
    SAY(EVP_PKEY_derive(back, out, room()));
    SAY(memcmp(out, secret, length) == 0);
    length = 10;
    SAY(EVP_PKEY_derive(ctx, out, &length));
    NUMBER(length);
    SAY(EVP_PKEY_derive_set_peer_ex(ctx, peer, 0));
    SAY(EVP_PKEY_CTX_set_ecdh_cofactor_mode(ctx, 1));
    SAY(EVP_PKEY_CTX_get_ecdh_cofactor_mode(ctx));
    SAY(EVP_PKEY_CTX_set_ecdh_cofactor_mode(ctx, 7));
    SAY(EVP_PKEY_derive(ctx, out, room()));
    SAY(EVP_PKEY_CTX_set_ecdh_kdf_type(ctx, EVP_PKEY_ECDH_KDF_X9_63));
    SAY(EVP_PKEY_CTX_get_ecdh_kdf_type(ctx));
    SAY(EVP_PKEY_derive(ctx, out, room()));
    SAY(EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()));
    WORDS(option(ctx, "kdf-digest"));
    WORDS(option(ctx, "kdf-type"));
    SAY(EVP_PKEY_CTX_set_ecdh_kdf_outlen(ctx, 48));
    SAY(EVP_PKEY_CTX_set0_ecdh_kdf_ukm(ctx, (unsigned char *)OPENSSL_strdup("material"), 8));
    SAY(EVP_PKEY_derive(ctx, NULL, &length));
    NUMBER(length);
    SAY(EVP_PKEY_derive(ctx, out, room()));
    NUMBER(length);
    twin = EVP_PKEY_CTX_dup(ctx);
    if (HAS(twin))
        SAY(EVP_PKEY_derive(twin, secret, room()));
    SAY(memcmp(out, secret, 48) == 0);
    length = 10;
    SAY(EVP_PKEY_derive(ctx, out, &length));
    SAY(set(ctx, "kdf-type", "nonsense"));
    SAY(set(ctx, "kdf-digest", "nonsense"));
    SAY(set(ctx, "no-such", "nonsense"));
    EVP_PKEY_CTX_free(twin);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_CTX_free(back);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(x25519);
}

#if OPENSSL_VERSION_PREREQ(3, 6)
static void secret_key(EVP_PKEY *key, EVP_PKEY *peer)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    const unsigned char *raw = NULL;
    EVP_SKEY *secret;
    OSSL_PARAM params[] = {OSSL_PARAM_END};

    SAY(EVP_PKEY_derive_init(ctx));
    HAS(EVP_PKEY_derive_SKEY(ctx, NULL, "GENERIC-SECRET", NULL, 32, params));
    SAY(EVP_PKEY_derive_set_peer(ctx, peer));
    secret = EVP_PKEY_derive_SKEY(ctx, NULL, "GENERIC-SECRET", NULL, 32, params);
    if (HAS(secret)) {
        SAY(EVP_SKEY_get0_raw_key(secret, &raw, &length));
        NUMBER(length);
        SAY(EVP_PKEY_derive(ctx, out, room()));
        SAY(raw == NULL || memcmp(raw, out, 32) != 0);
        EVP_SKEY_free(secret);
    }
    secret = EVP_PKEY_derive_SKEY(ctx, NULL, "AES", NULL, 32, params);
    HAS(secret);
    EVP_SKEY_free(secret);
    HAS(EVP_PKEY_derive_SKEY(ctx, NULL, "nonsense", NULL, 32, params));
    EVP_PKEY_CTX_free(ctx);
}
#endif

static void exchanges(EVP_PKEY *key)
{
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    HEAD("exchanges");
    SAY(EVP_PKEY_derive_init(ctx));
    EVP_PKEY_CTX_free(ctx);
    if (!rsa && !pss) {
        derivation(key, peer);
#if OPENSSL_VERSION_PREREQ(3, 6)
        secret_key(key, peer);
#endif
    }
    EVP_PKEY_free(peer);
}
#endif
