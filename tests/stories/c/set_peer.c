/* A TPM key as the peer of a software key, and the reverse: set_peer KEY. The peer is the key itself, then a copy of its public half. */
#include "load.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

static int derive(EVP_PKEY *key, EVP_PKEY *peer, unsigned char *secret)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t size = 32;
    MUST(ctx != NULL && EVP_PKEY_derive_init(ctx) == 1);
    int taken = EVP_PKEY_derive_set_peer(ctx, peer) == 1;
    if (taken)
        MUST(EVP_PKEY_derive(ctx, secret, &size) == 1 && size == 32);
    EVP_PKEY_CTX_free(ctx);
    return taken;
}

static EVP_PKEY *public_half(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    const unsigned char *next = der;
    MUST(length > 0);
    EVP_PKEY *copy = d2i_PUBKEY(NULL, &next, length);
    MUST(copy != NULL);
    OPENSSL_free(der);
    return copy;
}

int main(int count, char **words)
{
    EVP_PKEY *tpm = load(words[1], NULL), *soft = EVP_EC_gen("P-256");
    MUST(count == 2 && tpm != NULL && soft != NULL);
    EVP_PKEY *copy = public_half(tpm);
    unsigned char whole[32], half[32], other[32];
    MUST(derive(tpm, soft, other) && derive(soft, copy, half) && memcmp(half, other, 32) == 0);
    if (derive(soft, tpm, whole))
        printf("the key itself: %s\n", memcmp(whole, other, 32) == 0 ? "the same secret" : "another secret");
    else
        ERR_print_errors_fp(stdout);
    EVP_PKEY_free(copy);
    EVP_PKEY_free(soft);
    EVP_PKEY_free(tpm);
    return 0;
}
