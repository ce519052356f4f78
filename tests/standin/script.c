/* Reads the readable script that takes the place of a model file. README.md describes it. */

#include "standin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FIRST_LINE "picollm-standin 1"

/* ---- what a key may hold ----------------------------------------------------------------- */

typedef enum { CHOICE, COUNT, SECONDS, TEXT, TEXTS, AFTER, TOP, LOG_PROB } Kind;

typedef struct {
    const char *name;
    Kind kind;
    size_t offset;
    const char *choices; /* for CHOICE, and for AFTER when its value is a word */
} Key;

#define YES_NO "false|true"

#define AT(field) offsetof(Settings, field)
static const Key SETTINGS_KEYS[] = {
    {"tokens_per_second", SECONDS, AT(tokens_per_second), NULL},
    {"prefill_tokens_per_second", SECONDS, AT(prefill_tokens_per_second), NULL},
    {"delay_seconds", SECONDS, AT(delay_seconds), NULL},
    {"gate", TEXT, AT(gate), NULL},
    {"prefill_interruptible", CHOICE, AT(prefill_interruptible), YES_NO},
    {"early_interrupt_lost", CHOICE, AT(early_interrupt_lost), YES_NO},
    {"interrupt_overshoot", COUNT, AT(interrupt_overshoot), NULL},
    {"deaf", CHOICE, AT(deaf), YES_NO},
    {"stream", CHOICE, AT(stream), "pieces|characters"},
    {"context_end", CHOICE, AT(context_end), "limit|error"},
    {"eos", TEXT, AT(eos), NULL},
    {NULL, CHOICE, 0, NULL},
};
#undef AT

#define AT(field) offsetof(Script, field)
static const Key SCRIPT_KEYS[] = {
    {"model", TEXT, AT(model), NULL},
    {"context_length", COUNT, AT(context_length), NULL},
    {"max_top_choices", COUNT, AT(max_top_choices), NULL},
    {"version", TEXT, AT(version), NULL},
    {"file_version", TEXT, AT(file_version), NULL},
    {"init_delay_seconds", SECONDS, AT(init_delay_seconds), NULL},
    {"init_status", CHOICE, AT(init_status), STATUS_CHOICES},
    {"init_message", TEXTS, AT(init_messages), NULL},
    {"init_crash", CHOICE, AT(init_crash), YES_NO},
    {"init_hang", CHOICE, AT(init_hang), YES_NO},
    {"fail_inits", COUNT, AT(fail_inits), NULL},
    {"access_key", TEXT, AT(access_key), NULL},
    {"access_key_status", CHOICE, AT(access_key_status), STATUS_CHOICES},
    {"access_key_message", TEXTS, AT(access_key_messages), NULL},
    {"ballast_mib", COUNT, AT(ballast_mib), NULL},
    {"grow_mib", COUNT, AT(grow_mib), NULL},
    {"context_caching", CHOICE, AT(context_caching), YES_NO},
    {"context_caching_unsupported", CHOICE, AT(context_caching_unsupported),
     "silent|init|generate"},
    {"save_fault", CHOICE, AT(save_fault), FAULT_CHOICES},
    {"load_fault", CHOICE, AT(load_fault), FAULT_CHOICES},
    {"context_file_seconds", SECONDS, AT(context_file_seconds), NULL},
    {"bos", TEXT, AT(bos), NULL},
    {"generate_adds_bos", CHOICE, AT(generate_adds_bos), YES_NO},
    {"special", TEXTS, AT(specials), NULL},
    {"generate", CHOICE, AT(generate), YES_NO},
    {"vision", CHOICE, AT(vision), YES_NO},
    {"ocr", CHOICE, AT(ocr), YES_NO},
    {"embeddings", COUNT, AT(embeddings), NULL},
    {"image_tokens", COUNT, AT(image_tokens), NULL},
    {"strict_arguments", CHOICE, AT(strict_arguments), YES_NO},
    {"idle_interrupt_sticks", CHOICE, AT(idle_interrupt_sticks), YES_NO},
    {"stdout_noise", TEXT, AT(stdout_noise), NULL},
    {"stderr_noise", TEXT, AT(stderr_noise), NULL},
    {"journal", TEXT, AT(journal), NULL},
    {"journal_prompts", CHOICE, AT(journal_prompts), YES_NO},
    {NULL, CHOICE, 0, NULL},
};
#undef AT

#define AT(field) offsetof(Reply, field)
static const Key REPLY_KEYS[] = {
    {"kind", CHOICE, AT(kind), "any|text|image|ocr"},
    {"match", TEXT, AT(match), NULL},
    {"match_last", TEXT, AT(match_last), NULL},
    {"match_end", TEXT, AT(match_end), NULL},
    {"times", COUNT, AT(times), NULL},
    {"text", TEXT, AT(text), NULL},
    {"variant", TEXTS, AT(variants), NULL},
    {"piece", TEXTS, AT(pieces), NULL},
    {"piece_bytes", COUNT, AT(piece_bytes), NULL},
    {"echo", CHOICE, AT(echo), YES_NO},
    {"count", COUNT, AT(count), NULL},
    {"continue", CHOICE, AT(continues), YES_NO},
    {"top", TOP, AT(alternatives), NULL},
    {"log_prob", LOG_PROB, AT(log_probs), NULL},
    {"crash_after", COUNT, AT(crash_after), NULL},
    {"abort_after", COUNT, AT(abort_after), NULL},
    {"hang_after", COUNT, AT(hang_after), NULL},
    {"exit_after", AFTER, AT(exit_after), NULL},
    {"stall_after", AFTER, AT(stall_after), NULL},
    {"status_after", AFTER, AT(status_after), STATUS_CHOICES},
    {"status_message", TEXTS, AT(status_messages), NULL},
    {"stdout_noise", TEXT, AT(stdout_noise), NULL},
    {"stderr_noise", TEXT, AT(stderr_noise), NULL},
    {NULL, CHOICE, 0, NULL},
};
#undef AT

static const char *const DEFAULT_SPECIALS[] = {
    "<|endoftext|>",         "<|im_start|>",     "<|im_end|>",          "<|begin_of_text|>",
    "<|end_of_text|>",       "<|eot_id|>",       "<|eom_id|>",          "<|start_header_id|>",
    "<|end_header_id|>",     "<|python_tag|>",   "<s>",                 "</s>",
    "<bos>",                 "<eos>",            "<start_of_turn>",     "<end_of_turn>",
    "<|end|>",               "<|system|>",       "<|user|>",            "<|assistant|>",
    "<think>",               "</think>",         "<tool_call>",         "</tool_call>",
    "<|vision_start|>",      "<|vision_end|>",   "<|image_pad|>",       "<unk>",
    "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>",
};

/* ---- memory that lives as long as the script --------------------------------------------- */

static void *keep(Script *script, void *memory) {
    size_t size = (script->memory_count + 1) * sizeof(void *);
    script->memory = reallocate(script->memory, size);
    script->memory[script->memory_count++] = memory;
    return memory;
}

static void texts_add(Texts *texts, char *text) {
    texts->items = reallocate(texts->items, (texts->count + 1) * sizeof(char *));
    texts->items[texts->count++] = text;
}

static void add_special(Script *script, char *text) {
    if (*text != '\0') {
        texts_add(&script->specials, text);
        script->special_first[(unsigned char)*text] = true;
    }
}

void script_free(Script *script) {
    for (size_t i = 0; i < script->memory_count; i++) {
        free(script->memory[i]);
    }
    for (size_t i = 0; i < script->reply_count; i++) {
        Reply *reply = &script->replies[i];
        free(reply->variants.items);
        free(reply->pieces.items);
        free(reply->alternatives);
        free(reply->log_probs);
        free(reply->status_messages.items);
    }
    free(script->replies);
    free(script->memory);
    free(script->init_messages.items);
    free(script->access_key_messages.items);
    free(script->specials.items);
    *script = (Script){0};
}

/* ---- values ------------------------------------------------------------------------------ */

static void add_code_point(Buffer *text, unsigned long code) {
    char bytes[4];
    size_t length = 0;
    if (code < 0x80) {
        bytes[length++] = (char)code;
    } else if (code < 0x800) {
        bytes[length++] = (char)(0xC0 | (code >> 6));
    } else if (code < 0x10000) {
        bytes[length++] = (char)(0xE0 | (code >> 12));
        bytes[length++] = (char)(0x80 | ((code >> 6) & 0x3F));
    } else {
        bytes[length++] = (char)(0xF0 | (code >> 18));
        bytes[length++] = (char)(0x80 | ((code >> 12) & 0x3F));
        bytes[length++] = (char)(0x80 | ((code >> 6) & 0x3F));
    }
    if (code >= 0x80) {
        bytes[length++] = (char)(0x80 | (code & 0x3F));
    }
    buffer_add(text, bytes, length);
}

/* Reads `\xNN` or `\u{N…}` behind its letter; returns where it ends, NULL when it is malformed. */
static const char *add_numeric_escape(Buffer *text, const char *value) {
    bool braces = *value == 'u';
    if (braces && value[1] != '{') {
        return NULL;
    }
    const char *digits = value + (braces ? 2 : 1);
    size_t length = strspn(digits, "0123456789abcdefABCDEF");
    if (braces ? (length < 1 || length > 6 || digits[length] != '}') : length < 2) {
        return NULL;
    }
    length = braces ? length : 2;
    char number[8] = {0};
    memcpy(number, digits, length);
    unsigned long code = strtoul(number, NULL, 16);
    if (code == 0 || code > 0x10FFFF) {
        return NULL;
    }
    if (braces) {
        add_code_point(text, code);
        return digits + length + 1;
    }
    char byte = (char)code;
    buffer_add(text, &byte, 1);
    return digits + length;
}

static char *unescape(const char *value) {
    Buffer text = {0};
    buffer_text(&text, "");
    while (*value != '\0') {
        if (*value != '\\') {
            buffer_add(&text, value++, 1);
            continue;
        }
        value++;
        static const char letters[] = "ntr\\";
        const char *letter = *value != '\0' ? strchr(letters, *value) : NULL;
        if (letter != NULL) {
            buffer_add(&text, &"\n\t\r\\"[letter - letters], 1);
            value++;
        } else if (*value == 'x' || *value == 'u') {
            value = add_numeric_escape(&text, value);
        } else {
            value = NULL;
        }
        if (value == NULL) {
            buffer_free(&text);
            return NULL;
        }
    }
    return text.data;
}

/* The place of `value` in "one|two|three", -1 when it is not there. */
static int choice_index(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (int index = 0; *choices != '\0'; index++) {
        size_t choice = strcspn(choices, "|");
        if (choice == length && memcmp(choices, value, length) == 0) {
            return index;
        }
        choices += choice + (choices[choice] == '|' ? 1 : 0);
    }
    return -1;
}

static bool read_integer(const char *value, int least, int *result) {
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    *result = (int)number;
    return *value != '\0' && *end == '\0' && errno == 0 && number >= least && number <= INT_MAX;
}

static bool read_real(const char *value, double *result) {
    char *end;
    *result = strtod(value, &end);
    return *value != '\0' && *end == '\0' && *result == *result;
}

static bool read_after(const Key *key, char *value, After *after) {
    char *colon = strchr(value, ':');
    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    const char *word = colon + 1;
    if (!read_integer(value, 0, &after->pieces)) {
        return false;
    }
    if (key->choices == NULL) {
        return read_real(word, &after->value) && after->value >= 0;
    }
    int index = choice_index(key->choices, word);
    after->value = index;
    return index > 0;
}

/* `PIECE LOGPROB TOKEN`, or `PIECE LOGPROB` alone when there is no token to name. */
static bool read_alternative(char *value, bool has_token, Alternative *alternative) {
    char *first = strchr(value, ' ');
    if (first == NULL) {
        return false;
    }
    *first++ = '\0';
    char *second = strchr(first, ' ');
    if ((second != NULL) != has_token) {
        return false;
    }
    if (second != NULL) {
        *second++ = '\0';
    }
    double log_prob;
    if (!read_integer(value, 0, &alternative->piece) || !read_real(first, &log_prob)) {
        return false;
    }
    alternative->log_prob = (float)log_prob;
    alternative->token = second;
    return true;
}

static bool add_alternative(Script *script, Alternative **list, size_t *count, char *value,
                            bool has_token) {
    Alternative alternative;
    if (!read_alternative(value, has_token, &alternative)) {
        return false;
    }
    if (alternative.token != NULL) {
        alternative.token = keep(script, copy_text(alternative.token));
    }
    *list = reallocate(*list, (*count + 1) * sizeof(Alternative));
    (*list)[(*count)++] = alternative;
    return true;
}

/* Puts an unescaped value where its key says; false when it does not fit the key's kind. */
static bool store(Script *script, const Key *key, char *place, char *value) {
    void *field = place + key->offset;
    Reply *reply = (Reply *)(void *)place; /* only for the keys that are replies' alone */
    switch (key->kind) {
    case CHOICE:
        return (*(int *)field = choice_index(key->choices, value)) >= 0;
    case COUNT:
        return read_integer(value, 0, field);
    case SECONDS:
        return read_real(value, field) && *(double *)field >= 0;
    case TEXT:
        *(char **)field = keep(script, copy_text(value));
        return true;
    case TEXTS:
        texts_add(field, keep(script, copy_text(value)));
        return true;
    case AFTER:
        return read_after(key, value, field);
    case TOP:
        return add_alternative(script, &reply->alternatives, &reply->alternative_count, value,
                               true);
    case LOG_PROB:
        return add_alternative(script, &reply->log_probs, &reply->log_prob_count, value, false);
    }
    return false;
}

/* ---- lines ------------------------------------------------------------------------------- */

static const Key *find_key(const Key *keys, const char *name) {
    for (; keys->name != NULL; keys++) {
        if (strcmp(keys->name, name) == 0) {
            return keys;
        }
    }
    return NULL;
}

static void begin_reply(Script *script) {
    size_t size = (script->reply_count + 1) * sizeof(Reply);
    script->replies = reallocate(script->replies, size);
    script->replies[script->reply_count++] = (Reply){
        .settings = script->settings,
        .times = -1,
        .count = -1,
        .crash_after = -1,
        .abort_after = -1,
        .hang_after = -1,
        .exit_after.pieces = -1,
        .stall_after.pieces = -1,
        .status_after.pieces = -1,
    };
}

static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static Status bad_line(int number, const char *what, const char *text) {
    errors_push(0xC9, "Failed to read from file.");
    return fail(IO_ERROR, 0x136, "script line %d: %s `%s`", number, what, text);
}

static Status read_pair(Script *script, int number, char *name, char *raw) {
    Reply *reply =
        script->reply_count > 0 ? &script->replies[script->reply_count - 1] : NULL;
    const Key *key = find_key(SETTINGS_KEYS, name);
    char *place = reply != NULL ? (char *)&reply->settings : (char *)&script->settings;
    if (key == NULL) {
        key = find_key(reply != NULL ? REPLY_KEYS : SCRIPT_KEYS, name);
        place = reply != NULL ? (char *)reply : (char *)script;
    }
    if (key == NULL) {
        return bad_line(number, reply != NULL ? "unknown reply key" : "unknown key", name);
    }
    char *value = unescape(raw);
    if (value == NULL) {
        return bad_line(number, "bad escape in", raw);
    }
    bool stored = store(script, key, place, value);
    free(value);
    return stored ? SUCCESS : bad_line(number, "bad value for", name);
}

static Status read_line(Script *script, int number, char *line) {
    line = trim(line);
    if (*line == '\0' || *line == '#') {
        return SUCCESS;
    }
    if (strcmp(line, "[reply]") == 0) {
        begin_reply(script);
        return SUCCESS;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return bad_line(number, "not a `key = value` pair:", line);
    }
    *equals = '\0';
    return read_pair(script, number, trim(line), trim(equals + 1));
}

/* ---- the file ---------------------------------------------------------------------------- */

static void set_defaults(Script *script, const char *path) {
    *script = (Script){
        .settings = {.early_interrupt_lost = 1, .eos = ""},
        .model = "phi2 [2.90 v1]",
        .context_length = 2048,
        .max_top_choices = MAXIMUM_TOP_CHOICES,
        .version = LIBRARY_VERSION,
        .fail_inits = -1,
        .access_key_status = INVALID_ARGUMENT,
        .context_caching = 1,
        .bos = "",
        .generate_adds_bos = 1,
        .generate = 1,
        .strict_arguments = 1,
    };
    script->path = keep(script, copy_text(path));
    size_t count = sizeof(DEFAULT_SPECIALS) / sizeof(DEFAULT_SPECIALS[0]);
    for (size_t i = 0; i < count; i++) {
        add_special(script, keep(script, copy_text(DEFAULT_SPECIALS[i])));
    }
}

static void finish(Script *script) {
    for (size_t i = 0; i < script->specials.count; i++) {
        script->special_first[(unsigned char)script->specials.items[i][0]] = true;
    }
    add_special(script, script->bos);
    add_special(script, script->settings.eos);
    if (script->reply_count == 0) {
        begin_reply(script);
        script->replies[0].text = "Hello from the stand-in.";
    }
    for (size_t i = 0; i < script->reply_count; i++) {
        add_special(script, script->replies[i].settings.eos);
    }
    if (script->fail_inits >= 0 && script->init_status == SUCCESS) {
        script->init_status = RUNTIME_ERROR;
    }
}

static bool read_file(const char *path, Buffer *content) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    char block[8192];
    ssize_t length;
    buffer_text(content, "");
    while ((length = read(descriptor, block, sizeof(block))) > 0) {
        buffer_add(content, block, (size_t)length);
    }
    close(descriptor);
    return length == 0;
}

static Status not_a_model(void) {
    errors_push(0xC9, "Failed to read from file.");
    errors_push(0x136, "013c26f");
    errors_push(0x136, "5c16c4e");
    return fail(IO_ERROR, 0x136, "dcb76d5");
}

Status script_load(Script *script, const char *path) {
    Buffer content = {0};
    if (!read_file(path, &content)) {
        buffer_free(&content);
        return fail(IO_ERROR, 0xC9, "Failed to open file `%s`.", path);
    }
    char *position = content.data;
    char *line = strsep(&position, "\n");
    if (strcmp(trim(line), FIRST_LINE) != 0) {
        buffer_free(&content);
        return not_a_model();
    }
    set_defaults(script, path);
    Status status = SUCCESS;
    for (int number = 2; status == SUCCESS && position != NULL; number++) {
        line = strsep(&position, "\n");
        status = read_line(script, number, line);
    }
    buffer_free(&content);
    if (status != SUCCESS) {
        script_free(script);
        return status;
    }
    finish(script);
    return SUCCESS;
}

/* The path of a file that is named relative to the script's folder. */
void script_beside(const Script *script, const char *name, Buffer *path) {
    const char *slash = strrchr(script->path, '/');
    if (*name != '/' && slash != NULL) {
        buffer_add(path, script->path, (size_t)(slash - script->path) + 1);
    }
    buffer_text(path, name);
}

/* Adds one to a number kept in a file next to the script, so that it holds over processes;
   returns the number before. */
int script_count_up(const Script *script, const char *name) {
    Buffer path = {0};
    buffer_format(&path, "%s.%s", script->path, name);
    int descriptor = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        misuse("cannot open the counter `%s`: %s", path.data, strerror(errno));
    }
    buffer_free(&path);
    flock(descriptor, LOCK_EX);
    char number[32] = {0};
    ssize_t length = read(descriptor, number, sizeof(number) - 1);
    int before = length > 0 ? atoi(number) : 0;
    int written = snprintf(number, sizeof(number), "%d\n", before + 1);
    lseek(descriptor, 0, SEEK_SET);
    write_all(descriptor, number, (size_t)written);
    close(descriptor);
    return before;
}
