/* Decodes a key file with every kind of small damage, in one process: damage FILE MODE [STEP].
 *
 *   text-cut, text-change   the PEM text, cut at each octet, each octet changed
 *   cut, change             the DER within, armoured again, so that our decoder is the one who sees it
 *   der-cut, der-change     the DER alone
 *
 * Every STEP-th octet, all by default. Says how many loaded, failed with a reason of the provider tpm2, with somebody
 * else's only, or without any: "loaded=1 ours=2 others=3 silent=4". What loads is printed and exported, into nothing. */
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int loaded, ours, others, silent;

static int no_password(char *buffer, int size, int writing, void *unused)
{
    return -1;
}

static void use(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    BIO *sink = BIO_new(BIO_s_mem());
    EVP_PKEY_print_private(sink, key, 0, NULL);
    i2d_PUBKEY(key, &der);
    OPENSSL_free(der);
    BIO_free(sink);
}

static void decode(const unsigned char *octets, size_t size)
{
    EVP_PKEY *key = NULL;
    BIO *bio = BIO_new_mem_buf(size > 0 ? octets : (const unsigned char *)"", (int)size);
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, 0, NULL, NULL);
    ERR_clear_error();
    OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_password, NULL);
    if (OSSL_DECODER_from_bio(decoder, bio) == 1 && key != NULL) {
        loaded++;
        use(key);
    } else {
        unsigned long code;
        int any = 0, found = 0;
        while ((code = ERR_get_error()) != 0) {
            const char *library = ERR_lib_error_string(code);
            any = 1;
            found |= library != NULL && strcmp(library, "tpm2") == 0;
        }
        *(found ? &ours : any ? &others : &silent) += 1;
    }
    EVP_PKEY_free(key);
    OSSL_DECODER_CTX_free(decoder);
    BIO_free(bio);
}

static const char *armour_name;

static void armoured(const unsigned char *octets, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio(bio, armour_name, "", octets, (long)size);
    long length = BIO_get_mem_data(bio, &text);
    decode((unsigned char *)text, (size_t)length);
    BIO_free(bio);
}

int main(int argc, char **argv)
{
    static unsigned char text[1 << 20];
    static const unsigned char masks[] = { 0x01, 0x80 };
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_size = 0;
    FILE *file = argc >= 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    if (!PEM_read_bio(bio, &name, &header, &der, &der_size))
        return 2;
    BIO_free(bio);
    armour_name = name;

    const char *mode = argv[2];
    size_t step = argc > 3 ? (size_t)atoi(argv[3]) : 1;
    int of_text = strncmp(mode, "text-", 5) == 0;
    const unsigned char *source = of_text ? text : der;
    size_t length = of_text ? size : (size_t)der_size;
    void (*try)(const unsigned char *, size_t) = of_text || strncmp(mode, "der-", 4) == 0 ? decode : armoured;
    unsigned char *copy = malloc(length);
    int cut = strstr(mode, "cut") != NULL;
    for (size_t i = 0; i < length; i += step) {
        /* A block of exactly that size, so that valgrind sees a read past its end. */
        if (cut) {
            unsigned char *block = malloc(i > 0 ? i : 1);
            memcpy(block, source, i);
            try(block, i);
            free(block);
            continue;
        }
        for (size_t m = 0; m < sizeof masks; m++) {
            memcpy(copy, source, length);
            copy[i] ^= masks[m];
            try(copy, length);
        }
    }
    free(copy);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    printf("loaded=%d ours=%d others=%d silent=%d\n", loaded, ours, others, silent);
    return 0;
}
