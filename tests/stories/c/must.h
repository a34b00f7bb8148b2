/* Checks a condition: if it is false, the program prints the line and OpenSSL's errors, and ends. */
#ifndef MUST_H
#define MUST_H
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                                                       \
    do {                                                                                                                      \
        if (!(condition)) {                                                                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
            ERR_print_errors_fp(stderr);                                                                                      \
            exit(1);                                                                                                          \
        }                                                                                                                     \
    } while (0)

#endif
