/* Reads a key file with every kind of small damage, in one process, in each way that programs do: damage FILE MODE [STEP].
 *
 *   text-cut, text-change   the PEM text, cut at each byte, each byte changed
 *   cut, change             the DER in it, encoded as PEM again, so that the decoder of tpm2 reads it
 *   der-cut, der-change     the DER alone
 *   sign                    as change, and each key that loads must sign
 *   whole                   the unchanged file, without OSSL_STORE: with a large file without a key that takes minutes even without tpm2
 *
 * Damages every STEP-th byte, all by default. Prints how many files loaded, failed with a reason of the provider tpm2, failed with a
 * reason of others only, or failed without a reason, and how many gave a wrong signature: "loaded=1 ours=2 others=3 silent=4 wrong=5".
 * A failed signature counts as a failure. Each key that loads is printed and exported, without output. */
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int loaded, ours, others, silent, wrong, signing;

static int no_password(char *buffer, int size, int writing, void *unused)
{
    return -1;
}

/* Counts a failure by the errors that it left in the queue. */
static void failed(void)
{
    unsigned long code;
    int any = 0, found = 0;
    while ((code = ERR_get_error()) != 0) {
        const char *library = ERR_lib_error_string(code);
        any = 1;
        found |= library != NULL && strcmp(library, "tpm2") == 0;
    }
    *(found ? &ours : any ? &others : &silent) += 1;
}

static void sign(EVP_PKEY *key)
{
    static const unsigned char message[] = "message";
    unsigned char signature[1024];
    size_t size = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ERR_clear_error();
    if (EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) != 1
        || EVP_DigestSign(ctx, signature, &size, message, sizeof message) != 1) {
        failed();
    } else {
        EVP_MD_CTX_reset(ctx);
        wrong += EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) != 1
                 || EVP_DigestVerify(ctx, signature, size, message, sizeof message) != 1;
    }
    EVP_MD_CTX_free(ctx);
}

static void use(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    BIO *sink = BIO_new(BIO_s_mem());
    EVP_PKEY_print_private(sink, key, 0, NULL);
    i2d_PUBKEY(key, &der);
    OPENSSL_free(der);
    BIO_free(sink);
    if (signing)
        sign(key);
}

static EVP_PKEY *by_decoder(BIO *bio)
{
    EVP_PKEY *key = NULL;
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, 0, NULL, NULL);
    OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_password, NULL);
    if (OSSL_DECODER_from_bio(decoder, bio) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    return key;
}

static EVP_PKEY *by_pem(BIO *bio)
{
    return PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
}

static EVP_PKEY *by_der(BIO *bio)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);
    const unsigned char *next = (unsigned char *)bytes;
    return d2i_AutoPrivateKey(NULL, &next, size);
}

static EVP_PKEY *by_store(BIO *bio)
{
    OSSL_STORE_CTX *store = OSSL_STORE_attach(bio, "file", NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    OSSL_STORE_close(store);
    return key;
}

static void read_by(EVP_PKEY *(*way)(BIO *), const unsigned char *bytes, size_t size)
{
    BIO *bio = BIO_new_mem_buf(size > 0 ? bytes : (const unsigned char *)"", (int)size);
    ERR_clear_error();
    EVP_PKEY *key = way(bio);
    if (key != NULL) {
        loaded++;
        use(key);
    } else {
        failed();
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
}

/* Returns true if the format can be recognized: by the first line of PEM, or by the first bytes of DER and their length. */
static int is_ours(const unsigned char *bytes, size_t size)
{
    static const char line[] = "-----BEGIN TSS2 PRIVATE KEY-----\n";
    static const unsigned char arc[] = { 0x06, 0x06, 0x67, 0x81, 0x05, 0x0a };
    if (size > sizeof line && memcmp(bytes, line, sizeof line - 1) == 0)
        return 1;
    return size > 4 + sizeof arc && bytes[0] == 0x30 && bytes[1] == 0x82 && memcmp(bytes + 4, arc, sizeof arc) == 0
           && size == 4 + (size_t)bytes[2] * 256 + bytes[3];
}

static void decode(const unsigned char *bytes, size_t size)
{
    int text = size > 0 && bytes[0] == '-';
    read_by(by_decoder, bytes, size);
    if (signing)
        return;
    read_by(text ? by_pem : by_der, bytes, size);
    /* OSSL_STORE reports no error for an unknown format. */
    if (is_ours(bytes, size))
        read_by(by_store, bytes, size);
}

static void report(void)
{
    printf("loaded=%d ours=%d others=%d silent=%d wrong=%d\n", loaded, ours, others, silent, wrong);
}

static const char *armour_name;

static void armoured(const unsigned char *bytes, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio(bio, armour_name, "", bytes, (long)size);
    long length = BIO_get_mem_data(bio, &text);
    decode((unsigned char *)text, (size_t)length);
    BIO_free(bio);
}

int main(int argc, char **argv)
{
    static unsigned char text[1 << 24];
    static const unsigned char masks[] = { 0x01, 0x80 };
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_size = 0;
    FILE *file = argc >= 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL)
        return 2;
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    if (strcmp(argv[2], "whole") == 0) {
        read_by(by_decoder, text, size);
        read_by(by_pem, text, size);
        read_by(by_der, text, size);
        report();
        return 0;
    }
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    if (!PEM_read_bio(bio, &name, &header, &der, &der_size))
        return 2;
    BIO_free(bio);
    armour_name = name;

    const char *mode = argv[2];
    size_t step = argc > 3 ? (size_t)atoi(argv[3]) : 1;
    signing = strcmp(mode, "sign") == 0;
    int of_text = strncmp(mode, "text-", 5) == 0;
    const unsigned char *source = of_text ? text : der;
    size_t length = of_text ? size : (size_t)der_size;
    void (*try)(const unsigned char *, size_t) = of_text || strncmp(mode, "der-", 4) == 0 ? decode : armoured;
    unsigned char *copy = malloc(length);
    int cut = strstr(mode, "cut") != NULL;
    for (size_t i = 0; i < length; i += step) {
        /* A block of exactly that size, so that valgrind detects a read past its end. */
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
    report();
    return 0;
}
