/* Compares a key and a certificate in every way that OpenSSL offers: match KEY CERTIFICATE.
 *
 * KEY is a private key file, CERTIFICATE a certificate; the software key in the certificate is compared with KEY in both
 * directions. Prints "eq=1 back=1 check=1 ssl=1": EVP_PKEY_eq(key, public), (public, key), X509_check_private_key,
 * SSL_CTX_check_private_key. */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    BIO *key_file = argc == 3 ? BIO_new_file(argv[1], "r") : NULL, *cert_file = argc == 3 ? BIO_new_file(argv[2], "r") : NULL;
    EVP_PKEY *key = key_file ? PEM_read_bio_PrivateKey(key_file, NULL, NULL, NULL) : NULL;
    X509 *cert = cert_file ? PEM_read_bio_X509(cert_file, NULL, NULL, NULL) : NULL;
    if (key == NULL || cert == NULL)
        return 2;
    EVP_PKEY *public = X509_get_pubkey(cert);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int ssl = SSL_CTX_use_certificate(context, cert) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1
              && SSL_CTX_check_private_key(context) == 1;
    printf("eq=%d back=%d check=%d ssl=%d\n", EVP_PKEY_eq(key, public), EVP_PKEY_eq(public, key),
           X509_check_private_key(cert, key), ssl);
    SSL_CTX_free(context);
    EVP_PKEY_free(public);
    EVP_PKEY_free(key);
    X509_free(cert);
    BIO_free(key_file);
    BIO_free(cert_file);
    return 0;
}
