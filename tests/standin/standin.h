/* What the parts of the stand-in library share: the script, small tools, the engine handle. */

#ifndef STANDIN_H
#define STANDIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define EXPORT __attribute__((visibility("default")))
#define FORMAT(position) __attribute__((format(printf, position, position + 1)))
#else
#define EXPORT
#define FORMAT(position)
#endif

#define LIBRARY_VERSION "2.1.0"
#define MAXIMUM_TOP_CHOICES 128

typedef enum {
    SUCCESS,
    OUT_OF_MEMORY,
    IO_ERROR,
    INVALID_ARGUMENT,
    STOP_ITERATION,
    KEY_ERROR,
    INVALID_STATE,
    RUNTIME_ERROR,
    ACTIVATION_ERROR,
    ACTIVATION_LIMIT_REACHED,
    ACTIVATION_THROTTLED,
    ACTIVATION_REFUSED
} Status;

#define STATUS_CHOICES                                                                             \
    "SUCCESS|OUT_OF_MEMORY|IO_ERROR|INVALID_ARGUMENT|STOP_ITERATION|KEY_ERROR|INVALID_STATE|"      \
    "RUNTIME_ERROR|ACTIVATION_ERROR|ACTIVATION_LIMIT_REACHED|ACTIVATION_THROTTLED|"                \
    "ACTIVATION_REFUSED"

/* Faults of context files: a status, or one of these. */
#define FAULT_CHOICES STATUS_CHOICES "|crash|hang"
enum { FAULT_CRASH = ACTIVATION_REFUSED + 1, FAULT_HANG };

typedef enum { END_OF_SENTENCE, TOKEN_LIMIT, STOP_PHRASE, INTERRUPTED } Endpoint;

/* ---- growing bytes and lists (support.c) ------------------------------------------------- */

typedef struct {
    char *data; /* always ends in a zero byte once something was added */
    size_t length;
    size_t capacity;
} Buffer;

typedef struct {
    char **items;
    size_t count;
} Texts;

typedef struct {
    int32_t *items;
    size_t count;
    size_t capacity;
} Tokens;

void *allocate(size_t size);
void *reallocate(void *memory, size_t size);
char *copy_bytes(const char *bytes, size_t length);
char *copy_text(const char *text);
void buffer_add(Buffer *buffer, const char *bytes, size_t length);
void buffer_text(Buffer *buffer, const char *text);
void buffer_format(Buffer *buffer, const char *format, ...) FORMAT(2);
void buffer_json(Buffer *buffer, const char *text);
void buffer_free(Buffer *buffer);
void tokens_add(Tokens *tokens, int32_t token);

double now_seconds(void);
void sleep_until(double deadline);
void write_all(int descriptor, const char *bytes, size_t length);
_Noreturn void misuse(const char *format, ...) FORMAT(1);
uint64_t hash_bytes(const char *bytes, size_t length, uint64_t seed);

/* ---- the error stack of the calling thread (support.c) ----------------------------------- */

void errors_clear(void);
void errors_push(unsigned code, const char *format, ...) FORMAT(2);
Status fail(Status status, unsigned code, const char *format, ...) FORMAT(3);

/* ---- the script (script.c) --------------------------------------------------------------- */

/* "After this many pieces, with this value"; never when `pieces` is negative. */
typedef struct {
    int pieces;
    double value;
} After;

/* An alternative to the token at one place of a reply. */
typedef struct {
    int piece;
    float log_prob;
    char *token;
} Alternative;

/* What a script may set for all replies and again for one of them. */
typedef struct {
    double tokens_per_second;
    double prefill_tokens_per_second;
    double delay_seconds;
    char *gate;
    int prefill_interruptible;
    int early_interrupt_lost;
    int interrupt_overshoot;
    int deaf;
    int stream; /* 0: pieces as they are, 1: whole characters only */
    int context_end; /* 0: endpoint TOKEN_LIMIT, 1: RUNTIME_ERROR */
    char *eos;
} Settings;

typedef struct {
    Settings settings;
    int kind; /* 0: any, 1: text, 2: image, 3: ocr */
    char *match;
    char *match_last;
    char *match_end;
    int times;
    char *text;
    Texts variants;
    Texts pieces;
    int piece_bytes;
    int echo;
    int count;
    int continues;
    Alternative *alternatives;
    size_t alternative_count;
    Alternative *log_probs;
    size_t log_prob_count;
    int crash_after;
    int abort_after;
    int hang_after;
    After exit_after;
    After stall_after;
    After status_after;
    Texts status_messages;
    char *stdout_noise;
    char *stderr_noise;
} Reply;

typedef struct {
    char *path;
    Settings settings;
    char *model;
    int context_length;
    int max_top_choices;
    char *version;
    char *file_version;
    double init_delay_seconds;
    int init_status;
    Texts init_messages;
    int init_crash;
    int init_hang;
    int fail_inits;
    char *access_key;
    int access_key_status;
    Texts access_key_messages;
    int ballast_mib;
    int grow_mib;
    int context_caching;
    int context_caching_unsupported; /* 0: silent, 1: init fails, 2: generate fails */
    int save_fault;
    int load_fault;
    double context_file_seconds;
    char *bos;
    int generate_adds_bos;
    Texts specials;
    bool special_first[256];
    int generate;
    int vision;
    int ocr;
    int embeddings;
    int image_tokens;
    int strict_arguments;
    int idle_interrupt_sticks;
    char *stdout_noise;
    char *stderr_noise;
    char *journal;
    int journal_prompts;
    Reply *replies;
    size_t reply_count;
    void **memory;
    size_t memory_count;
} Script;

Status script_load(Script *script, const char *path);
void script_free(Script *script);
void script_beside(const Script *script, const char *name, Buffer *path);
int script_count_up(const Script *script, const char *name);

/* ---- the tokenizer (support.c) ----------------------------------------------------------- */

size_t token_length(const Script *script, const char *text, size_t remaining);
int32_t token_id(const Script *script, const char *bytes, size_t length);
void tokenize(const Script *script, const char *text, Tokens *tokens);

/* ---- the ABI's structures ---------------------------------------------------------------- */

typedef struct {
    int32_t prompt_tokens;
    int32_t completion_tokens;
} pv_picollm_usage_t;

typedef struct {
    const char *token;
    float log_prob;
} pv_picollm_token_t;

typedef struct {
    pv_picollm_token_t token;
    int32_t num_top_choices;
    pv_picollm_token_t *top_choices;
} pv_picollm_completion_token_t;

typedef void (*StreamCallback)(const char *piece, void *context);
typedef void (*ProgressCallback)(float percent, void *context);

/* ---- the engine handle (picollm_standin.c) ----------------------------------------------- */

typedef enum { IDLE, PREFILL, LOOP } Phase;

typedef struct pv_picollm {
    uint32_t magic;
    int number; /* counts the handles of the process, for the journal */
    _Atomic(const char *) busy; /* the call in progress, NULL when there is none */
    atomic_int phase;
    atomic_bool prefill_listens;
    atomic_bool deaf;
    atomic_bool interrupted;
    Script script;
    char *device;
    bool caching;
    Tokens context;
    unsigned long forwarded;
    void **ballast;
    size_t ballast_count;
    int journal;
} pv_picollm_t;

void engine_enter(pv_picollm_t *engine, const char *function);
Status engine_leave(pv_picollm_t *engine, Status status);
void engine_grow(pv_picollm_t *engine, int mebibytes);

/* A journal line is built in a buffer between these two. */
void journal_begin(const pv_picollm_t *engine, Buffer *line, const char *event);
void journal_end(const pv_picollm_t *engine, Buffer *line);

#endif
