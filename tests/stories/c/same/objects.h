/* Certificates, requests and messages that a key signs. */
#ifndef OBJECTS_H
#define OBJECTS_H
#include "files.h"
#include "say.h"
#include <openssl/cms.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

static X509 *certificate(EVP_PKEY *key, const char *digest)
{
    X509 *cert = X509_new();
    EVP_MD *md = digest == NULL ? NULL : EVP_MD_fetch(NULL, digest, NULL);
    X509_NAME *name = X509_NAME_new();

    HEAD("certificate with %s", digest == NULL ? "-" : digest);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"one", -1, -1, 0);
    MUST(X509_set_version(cert, 2) && X509_set_subject_name(cert, name) && X509_set_issuer_name(cert, name));
    MUST(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) && X509_gmtime_adj(X509_getm_notBefore(cert), 0));
    MUST(X509_gmtime_adj(X509_getm_notAfter(cert), 1000) != NULL);
    SAY(X509_set_pubkey(cert, key));
    if (SAY(X509_sign(cert, key, md) > 0) == 1) {
        BIO *bio = BIO_new(BIO_s_mem());
        int found[4] = {0};

        SAY(X509_verify(cert, key));
        SAY(X509_check_private_key(cert, key));
        SAY(X509_get_signature_nid(cert));
        SAY(X509_get_signature_info(cert, &found[0], &found[1], &found[2], NULL));
        NUMBER(found[0]);
        NUMBER(found[1]);
        NUMBER(found[2]);
        MUST(X509_signature_print(bio, X509_get0_tbs_sigalg(cert), NULL) == 1);
        labels(bio);
        BIO_free(bio);
    }
    X509_NAME_free(name);
    EVP_MD_free(md);
    return cert;
}

static void request(EVP_PKEY *key)
{
    X509_REQ *request = X509_REQ_new();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    HEAD("request");
    SAY(X509_REQ_set_pubkey(request, key));
    SAY(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
    SAY(X509_REQ_sign_ctx(request, ctx) > 0);
    SAY(X509_REQ_verify(request, key));
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(request);
}

static void signed_messages(EVP_PKEY *key, X509 *cert, unsigned int flags)
{
    BIO *bio = BIO_new_mem_buf(text, sizeof text);
    CMS_ContentInfo *cms;

    HEAD("flags %#x", flags);
    cms = CMS_sign(cert, key, NULL, bio, flags);
    if (HAS(cms)) {
        SAY(CMS_verify(cms, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY));
        CMS_ContentInfo_free(cms);
    }
    BIO_free(bio);
}

static void enveloped(EVP_PKEY *key, X509 *cert)
{
    STACK_OF(X509) *to = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(text, sizeof text), *back = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms;

    HEAD("enveloped");
    MUST(sk_X509_push(to, cert) == 1);
    cms = CMS_encrypt(to, bio, EVP_aes_256_cbc(), CMS_BINARY);
    if (HAS(cms)) {
        SAY(CMS_decrypt(cms, key, cert, NULL, back, 0));
        NUMBER(BIO_ctrl_pending(back));
        CMS_ContentInfo_free(cms);
    }
    sk_X509_free(to);
    BIO_free(bio);
    BIO_free(back);
}

static void objects(EVP_PKEY *key)
{
    static const char *digests[] = {"SHA256", "SHA384", "SHA1", "SHA3-256", "SHAKE256", NULL};
    X509 *cert = NULL;

    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        X509_free(cert);
        cert = certificate(key, digests[i]);
    }
    X509_free(cert);
    cert = certificate(key, "SHA256");
    request(key);
    signed_messages(key, cert, CMS_BINARY);
    signed_messages(key, cert, CMS_BINARY | CMS_NOATTR);
    if (!pss)
        enveloped(key, cert);
    X509_free(cert);
}
#endif
