/* The answers of resident programs: one line each. */
#ifndef ANSWERS_H
#define ANSWERS_H
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE 4096

/* Moves the error queue into one line of text. */
static const char *errors(char *text)
{
    unsigned long code;
    const char *data;
    int flags;
    size_t used = (size_t)snprintf(text, LINE, "error");
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0 && used < LINE) {
        const char *reason = ERR_reason_error_string(code), *library = ERR_lib_error_string(code);
        used += (size_t)snprintf(text + used, LINE - used, " | %s: %s: %s", library ? library : "?", reason ? reason : "?",
                                 (flags & ERR_TXT_STRING) ? data : "");
    }
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    return text;
}

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}
#endif
