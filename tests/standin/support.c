/* Small tools of the stand-in library: memory, time, the error stack, the tokenizer. */

#include "standin.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void *allocate(size_t size) {
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        misuse("out of memory for %zu bytes", size);
    }
    return memory;
}

void *reallocate(void *memory, size_t size) {
    void *larger = realloc(memory, size > 0 ? size : 1);
    if (larger == NULL) {
        misuse("out of memory for %zu bytes", size);
    }
    return larger;
}

char *copy_bytes(const char *bytes, size_t length) {
    char *copy = allocate(length + 1);
    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}

char *copy_text(const char *text) {
    return copy_bytes(text, strlen(text));
}

void buffer_add(Buffer *buffer, const char *bytes, size_t length) {
    if (buffer->length + length + 1 > buffer->capacity) {
        buffer->capacity = 2 * (buffer->length + length) + 64;
        buffer->data = reallocate(buffer->data, buffer->capacity);
    }
    if (length > 0) {
        memcpy(buffer->data + buffer->length, bytes, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_text(Buffer *buffer, const char *text) {
    buffer_add(buffer, text, strlen(text));
}

static void buffer_vformat(Buffer *buffer, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        return;
    }
    char *text = allocate((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    buffer_add(buffer, text, (size_t)length);
    free(text);
}

void buffer_format(Buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_vformat(buffer, format, arguments);
    va_end(arguments);
}

/* The number of bytes of the UTF-8 character that `text` begins with, 0 if it is not one. */
static size_t character_length(const char *text, size_t remaining) {
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80                        ? 1
                    : bytes[0] >= 0xC2 && bytes[0] <= 0xDF ? 2
                    : bytes[0] >= 0xE0 && bytes[0] <= 0xEF ? 3
                    : bytes[0] >= 0xF0 && bytes[0] <= 0xF4 ? 4
                                                           : 0;
    if (length > remaining) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

void buffer_json(Buffer *buffer, const char *text) {
    size_t remaining = strlen(text);
    buffer_text(buffer, "\"");
    while (remaining > 0) {
        size_t length = character_length(text, remaining);
        unsigned char byte = (unsigned char)*text;
        if (length == 0) {
            buffer_text(buffer, "\\ufffd");
            length = 1;
        } else if (byte < 0x20 || byte == '"' || byte == '\\') {
            buffer_format(buffer, "\\u%04x", byte);
        } else {
            buffer_add(buffer, text, length);
        }
        text += length;
        remaining -= length;
    }
    buffer_text(buffer, "\"");
}

void buffer_free(Buffer *buffer) {
    free(buffer->data);
    *buffer = (Buffer){0};
}

void tokens_add(Tokens *tokens, int32_t token) {
    if (tokens->count == tokens->capacity) {
        tokens->capacity = 2 * tokens->capacity + 64;
        tokens->items = reallocate(tokens->items, tokens->capacity * sizeof(int32_t));
    }
    tokens->items[tokens->count++] = token;
}

double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void sleep_until(double deadline) {
    double left;
    while ((left = deadline - now_seconds()) > 0) {
        struct timespec nap = {.tv_sec = (time_t)left};
        nap.tv_nsec = (long)((left - (double)nap.tv_sec) * 1e9);
        nanosleep(&nap, NULL);
    }
}

void write_all(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        bytes += written;
        length -= (size_t)written;
    }
}

void misuse(const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    char line[600];
    int length = snprintf(line, sizeof(line), "picollm stand-in: %s\n", message);
    write_all(STDERR_FILENO, line, (size_t)length);
    abort();
}

uint64_t hash_bytes(const char *bytes, size_t length, uint64_t seed) {
    uint64_t hash = 0xcbf29ce484222325u ^ (seed * 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    }
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

/* ---- the error stack --------------------------------------------------------------------- */

static _Thread_local struct {
    char **items; /* ends in NULL, because freeing it later comes without a depth */
    int depth;
} error_stack;

static void free_stack(char **items) {
    if (items == NULL) {
        return;
    }
    for (char **item = items; *item != NULL; item++) {
        free(*item);
    }
    free(items);
}

void errors_clear(void) {
    free_stack(error_stack.items);
    error_stack.items = NULL;
    error_stack.depth = 0;
}

static void push(unsigned code, const char *format, va_list arguments) {
    Buffer message = {0};
    buffer_format(&message, "df2f635 %08X: ", code);
    buffer_vformat(&message, format, arguments);
    size_t depth = (size_t)error_stack.depth;
    error_stack.items = reallocate(error_stack.items, (depth + 2) * sizeof(char *));
    error_stack.items[depth] = message.data;
    error_stack.items[depth + 1] = NULL;
    error_stack.depth++;
}

void errors_push(unsigned code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    push(code, format, arguments);
    va_end(arguments);
}

Status fail(Status status, unsigned code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    push(code, format, arguments);
    va_end(arguments);
    return status;
}

EXPORT Status pv_get_error_stack(char ***message_stack, int32_t *depth) {
    *message_stack = error_stack.items;
    *depth = error_stack.depth;
    bool found = error_stack.items != NULL;
    error_stack.items = NULL;
    error_stack.depth = 0;
    return found ? SUCCESS : INVALID_STATE;
}

EXPORT void pv_free_error_stack(char **message_stack) {
    free_stack(message_stack);
}

/* ---- the tokenizer ----------------------------------------------------------------------- */

enum { FIRST_SPECIAL = 256, FIRST_WORD = 4096, LONGEST_RUN = 6 };

static bool is_word_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static size_t special_length(const Script *script, const char *text, size_t remaining) {
    size_t longest = 0;
    if (!script->special_first[(unsigned char)*text]) {
        return 0;
    }
    for (size_t i = 0; i < script->specials.count; i++) {
        size_t length = strlen(script->specials.items[i]);
        if (length > longest && length <= remaining &&
            memcmp(text, script->specials.items[i], length) == 0) {
            longest = length;
        }
    }
    return longest;
}

size_t token_length(const Script *script, const char *text, size_t remaining) {
    size_t special = special_length(script, text, remaining);
    if (special > 0) {
        return special;
    }
    size_t start = text[0] == ' ' && remaining > 1 && is_word_byte(text[1]) ? 1 : 0;
    size_t length = start;
    while (length < remaining && length - start < LONGEST_RUN && is_word_byte(text[length])) {
        length++;
    }
    if (length > 0) {
        return length;
    }
    /* As in a real vocabulary, accented letters are tokens and emoji come in two halves. */
    size_t character = character_length(text, remaining);
    bool half = remaining > 1 && (text[0] & 0xC0) == 0x80 && (text[1] & 0xC0) == 0x80;
    return character == 2 || character == 3 ? character : character == 4 || half ? 2 : 1;
}

int32_t token_id(const Script *script, const char *bytes, size_t length) {
    if (length == 1) {
        return (unsigned char)bytes[0];
    }
    for (size_t i = 0; i < script->specials.count; i++) {
        if (strlen(script->specials.items[i]) == length &&
            memcmp(bytes, script->specials.items[i], length) == 0) {
            return FIRST_SPECIAL + (int32_t)i;
        }
    }
    return FIRST_WORD + (int32_t)(hash_bytes(bytes, length, 0) & 0xFFFFFF);
}

void tokenize(const Script *script, const char *text, Tokens *tokens) {
    size_t remaining = strlen(text);
    while (remaining > 0) {
        size_t length = token_length(script, text, remaining);
        tokens_add(tokens, token_id(script, text, length));
        text += length;
        remaining -= length;
    }
}
