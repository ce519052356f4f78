/* generate() of the stand-in library: picks a scripted reply and plays it, faults included. */

#include "standin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef enum { ANY, FROM_TEXT, FROM_IMAGE, FROM_OCR } RequestKind;

static const char *const ENDPOINT_NAMES[] = {
    "END_OF_SENTENCE",
    "COMPLETION_TOKEN_LIMIT_REACHED",
    "STOP_PHRASE_ENCOUNTERED",
    "INTERRUPTED",
};

/* What the caller asks for. */
typedef struct {
    const char *function;
    RequestKind kind;
    const char *prompt;
    int32_t width;
    int32_t height;
    const uint8_t *image;
    int32_t limit;
    const char *const *stop_phrases;
    int32_t stop_count;
    int32_t seed;
    float presence_penalty;
    float frequency_penalty;
    float temperature;
    float top_p;
    int32_t num_top_choices;
    StreamCallback stream;
    void *stream_context;
    ProgressCallback progress;
    void *progress_context;
} Request;

/* Where the answer goes; NULL for what an endpoint of the library does not return. */
typedef struct {
    pv_picollm_usage_t *usage;
    int32_t *endpoint;
    pv_picollm_completion_token_t **tokens;
    int32_t *token_count;
    char **completion;
} Answer;

/* One generation in progress. */
typedef struct {
    pv_picollm_t *engine;
    const Request *request;
    const Reply *reply;
    const Settings *settings;
    Tokens prompt; /* an image is one token in front, which is not counted as text */
    size_t image_tokens;
    unsigned colour[3];
    size_t cached;
    size_t evaluated;
    Buffer text;  /* all that the reply would say */
    size_t *ends; /* where its pieces end */
    size_t piece_count;
    bool has_eos; /* the last piece is the end-of-sentence text */
    Buffer completion;
    size_t streamed;
    size_t produced;
    Endpoint endpoint;
} Run;

static size_t prompt_tokens(const Run *run) {
    return run->prompt.count - run->image_tokens;
}

/* What an image takes of the context; nobody reports it. */
static size_t context_tokens(const Run *run) {
    bool image = run->request->kind != FROM_TEXT;
    return prompt_tokens(run) + (image ? (size_t)run->engine->script.image_tokens : 0);
}

/* ---- checks ------------------------------------------------------------------------------ */

static Status out_of_range(const char *name, int value, int least, int most) {
    return fail(INVALID_ARGUMENT, 0xD2,
                "Argument `%s` value `%d` is out of range [%d, %d].", name, value, least, most);
}

static Status less_than(const char *name, double value, double least) {
    return fail(INVALID_ARGUMENT, 0xD3,
                "Argument `%s` value `%.2f` is less than the minimum acceptable value of `%.2f`.",
                name, value, least);
}

static Status check_sampling(const Script *script, const Request *request) {
    if (request->limit == 0 || request->limit < -1) {
        return out_of_range("completion_token_limit", request->limit, 1, INT32_MAX);
    }
    if (request->kind == FROM_OCR) {
        return SUCCESS;
    }
    if (request->seed == 0 || request->seed < -1) {
        return out_of_range("seed", request->seed, 1, INT32_MAX);
    }
    if (!(request->presence_penalty >= 0)) {
        return less_than("presence_penalty", request->presence_penalty, 0);
    }
    if (!(request->frequency_penalty >= 0)) {
        return less_than("frequency_penalty", request->frequency_penalty, 0);
    }
    if (!(request->temperature >= 0)) {
        return less_than("temperature", request->temperature, 0);
    }
    if (!(request->top_p > 0 && request->top_p <= 1)) {
        return fail(INVALID_ARGUMENT, 0xD4,
                    "Argument `top_p` value `%.2f` is out of range (%.2f, %.2f].",
                    request->top_p, 0.0, 1.0);
    }
    if (request->num_top_choices < 0 || request->num_top_choices > script->max_top_choices) {
        return out_of_range("num_top_choices", request->num_top_choices, 0,
                            script->max_top_choices);
    }
    return SUCCESS;
}

static Status check_request(const pv_picollm_t *engine, const Request *request) {
    const Script *script = &engine->script;
    int able = request->kind == FROM_TEXT    ? script->generate
               : request->kind == FROM_IMAGE ? script->vision
                                             : script->ocr;
    if (!able) {
        return fail(INVALID_ARGUMENT, 0x136, "This picoLLM model doesn't support `%s`",
                    request->function);
    }
    if (engine->caching && !script->context_caching) {
        return fail(RUNTIME_ERROR, 0x136, "This picoLLM model doesn't support context caching");
    }
    if (request->kind != FROM_TEXT && (request->width <= 0 || request->height <= 0)) {
        bool width = request->width <= 0;
        return less_than(width ? "image_width" : "image_height",
                         width ? request->width : request->height, 1);
    }
    return script->strict_arguments ? check_sampling(script, request) : SUCCESS;
}

/* ---- the prompt -------------------------------------------------------------------------- */

/* Reads every byte of the image, so that a buffer that is too short shows. */
static void read_image(Run *run) {
    const Request *request = run->request;
    size_t pixels = (size_t)request->width * (size_t)request->height;
    uint64_t sums[3] = {0};
    for (size_t i = 0; i < pixels * 3; i++) {
        sums[i % 3] += request->image[i];
    }
    for (int i = 0; i < 3; i++) {
        run->colour[i] = (unsigned)(sums[i] / pixels);
    }
    uint64_t hash = hash_bytes((const char *)request->image, pixels * 3, 0);
    tokens_add(&run->prompt, -1 - (int32_t)(hash & 0xFFFFFF));
    run->image_tokens = 1;
}

static void read_prompt(Run *run) {
    const Script *script = &run->engine->script;
    if (run->request->kind != FROM_TEXT) {
        read_image(run);
    }
    if (script->generate_adds_bos && run->request->kind == FROM_TEXT) {
        tokenize(script, script->bos, &run->prompt);
    }
    tokenize(script, run->request->prompt, &run->prompt);
    if (!run->engine->caching) {
        return;
    }
    const Tokens *context = &run->engine->context;
    size_t most = run->prompt.count > 0 ? run->prompt.count - 1 : 0; /* one is always evaluated */
    while (run->cached < most && run->cached < context->count &&
           run->prompt.items[run->cached] == context->items[run->cached]) {
        run->cached++;
    }
}

/* The last text of a user that stands in the prompt, in any of the known chat formats. */
static char *last_user_text(const char *prompt) {
    static const char *const HEADS[] = {
        "<|im_start|>user\n", "<|start_header_id|>user<|end_header_id|>\n\n",
        "<start_of_turn>user\n", "<|user|>\n", "[INST] ", "Instruct: ", "Human: ",
    };
    static const char *const TAILS[] = {
        "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", " [/INST]", "\nOutput:", "\nAI:",
    };
    const char *start = NULL;
    for (size_t i = 0; i < sizeof(HEADS) / sizeof(HEADS[0]); i++) {
        for (const char *found = prompt; (found = strstr(found, HEADS[i])) != NULL; found++) {
            if (start == NULL || found + strlen(HEADS[i]) > start) {
                start = found + strlen(HEADS[i]);
            }
        }
    }
    if (start == NULL) {
        return copy_text(prompt);
    }
    size_t length = strlen(start);
    for (size_t i = 0; i < sizeof(TAILS) / sizeof(TAILS[0]); i++) {
        const char *end = strstr(start, TAILS[i]);
        if (end != NULL && (size_t)(end - start) < length) {
            length = (size_t)(end - start);
        }
    }
    return copy_bytes(start, length);
}

static bool ends_with(const char *text, const char *end, size_t end_length) {
    size_t length = strlen(text);
    return end_length <= length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* ---- the reply --------------------------------------------------------------------------- */

static bool reply_matches(const Reply *reply, const Request *request, const char *user) {
    return (reply->kind == ANY || reply->kind == (int)request->kind) &&
           (reply->match == NULL || strstr(request->prompt, reply->match) != NULL) &&
           (reply->match_last == NULL || strstr(user, reply->match_last) != NULL) &&
           (reply->match_end == NULL ||
            ends_with(request->prompt, reply->match_end, strlen(reply->match_end)));
}

/* The first reply that matches and is not used up. */
static const Reply *choose_reply(const Script *script, const Request *request, const char *user) {
    for (size_t i = 0; i < script->reply_count; i++) {
        const Reply *reply = &script->replies[i];
        if (!reply_matches(reply, request, user)) {
            continue;
        }
        char counter[32];
        snprintf(counter, sizeof(counter), "reply%zu", i);
        if (reply->times < 0 || script_count_up(script, counter) < reply->times) {
            return reply;
        }
    }
    return NULL;
}

static void add_piece(Run *run, const char *bytes, size_t length) {
    buffer_add(&run->text, bytes, length);
    run->ends = reallocate(run->ends, (run->piece_count + 1) * sizeof(size_t));
    run->ends[run->piece_count++] = run->text.length;
}

static void add_placeholder(const Run *run, const char *user, const char *name, size_t length,
                            Buffer *text) {
    if (strncmp(name, "{user}", length) == 0) {
        buffer_text(text, user);
    } else if (strncmp(name, "{device}", length) == 0) {
        buffer_text(text, run->engine->device);
    } else if (strncmp(name, "{pid}", length) == 0) {
        buffer_format(text, "%ld", (long)getpid());
    } else if (strncmp(name, "{prompt_tokens}", length) == 0) {
        buffer_format(text, "%zu", prompt_tokens(run));
    } else if (strncmp(name, "{width}", length) == 0) {
        buffer_format(text, "%d", run->request->width);
    } else if (strncmp(name, "{height}", length) == 0) {
        buffer_format(text, "%d", run->request->height);
    } else if (strncmp(name, "{rgb}", length) == 0) {
        buffer_format(text, "%u,%u,%u", run->colour[0], run->colour[1], run->colour[2]);
    } else {
        buffer_add(text, name, length); /* braces of something else, JSON for instance */
    }
}

static void fill_placeholders(const Run *run, const char *user, const char *text, Buffer *filled) {
    buffer_text(filled, "");
    while (*text != '\0') {
        size_t length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_");
        if (*text == '{' && length > 0 && text[1 + length] == '}') {
            add_placeholder(run, user, text, length + 2, filled);
            text += length + 2;
        } else {
            buffer_add(filled, text++, 1);
        }
    }
}

static const char *choose_text(const Reply *reply, const Request *request) {
    size_t texts = reply->variants.count + (reply->text != NULL ? 1 : 0);
    size_t index = 0;
    if (request->temperature > 0 && texts > 1) {
        double now = now_seconds();
        uint64_t dice = request->seed > 0 ? (uint64_t)request->seed
                                          : hash_bytes((const char *)&now, sizeof(now), 0);
        index = (size_t)(dice % texts);
    }
    if (reply->text != NULL) {
        return index == 0 ? reply->text : reply->variants.items[index - 1];
    }
    return texts > 0 ? reply->variants.items[index] : reply->echo ? "{user}" : "";
}

/* How much of the reply stands at the end of the prompt already. */
static size_t said_already(const char *prompt, const Buffer *text) {
    for (size_t length = text->length; length > 0; length--) {
        if (ends_with(prompt, text->data, length)) {
            return length;
        }
    }
    return 0;
}

static void split_text(Run *run, const char *text, size_t length) {
    while (length > 0) {
        size_t piece = run->reply->piece_bytes > 0 ? (size_t)run->reply->piece_bytes
                                                   : token_length(&run->engine->script, text,
                                                                  length);
        piece = piece < length ? piece : length;
        add_piece(run, text, piece);
        text += piece;
        length -= piece;
    }
}

static void write_reply(Run *run, const char *user) {
    const Reply *reply = run->reply;
    if (reply->pieces.count > 0) {
        for (size_t i = 0; i < reply->pieces.count; i++) {
            add_piece(run, reply->pieces.items[i], strlen(reply->pieces.items[i]));
        }
    } else if (reply->count >= 0) {
        for (int i = 0; i < reply->count; i++) {
            char word[32];
            int length = snprintf(word, sizeof(word), "%sword%d", i > 0 ? " " : "", i);
            add_piece(run, word, (size_t)length);
        }
    } else {
        Buffer text = {0};
        fill_placeholders(run, user, choose_text(reply, run->request), &text);
        size_t said = reply->continues ? said_already(run->request->prompt, &text) : 0;
        split_text(run, text.data + said, text.length - said);
        buffer_free(&text);
    }
    if (*run->settings->eos != '\0') {
        add_piece(run, run->settings->eos, strlen(run->settings->eos));
        run->has_eos = true;
    }
}

/* ---- the journal ------------------------------------------------------------------------- */

static void journal_generate(const Run *run) {
    const Request *request = run->request;
    const char *tail = request->prompt;
    size_t length = strlen(tail);
    tail += length > 80 ? length - 80 : 0;
    while ((*tail & 0xC0) == 0x80) {
        tail++;
    }
    Buffer line = {0};
    journal_begin(run->engine, &line, "generate");
    buffer_format(&line, ", \"function\": \"%s\"", request->function);
    size_t cached = run->cached - (run->cached > 0 ? run->image_tokens : 0);
    buffer_format(&line,
                  ", \"prompt_tokens\": %zu, \"cached_tokens\": %zu, \"evaluated_tokens\": %zu",
                  prompt_tokens(run), cached, prompt_tokens(run) - cached);
    buffer_format(&line, ", \"limit\": %d, \"seed\": %d, \"num_top_choices\": %d", request->limit,
                  request->seed, request->num_top_choices);
    buffer_format(&line,
                  ", \"presence_penalty\": %.6g, \"frequency_penalty\": %.6g, "
                  "\"temperature\": %.6g, \"top_p\": %.6g, \"stop_phrases\": [",
                  request->presence_penalty, request->frequency_penalty, request->temperature,
                  request->top_p);
    for (int32_t i = 0; i < request->stop_count; i++) {
        buffer_text(&line, i > 0 ? ", " : "");
        buffer_json(&line, request->stop_phrases[i]);
    }
    buffer_text(&line, "], \"prompt_tail\": ");
    buffer_json(&line, tail);
    if (run->engine->script.journal_prompts) {
        buffer_text(&line, ", \"prompt\": ");
        buffer_json(&line, request->prompt);
    }
    journal_end(run->engine, &line);
}

static void journal_first(const Run *run) {
    Buffer line = {0};
    journal_begin(run->engine, &line, "first");
    journal_end(run->engine, &line);
}

static void journal_finish(const Run *run, Status status) {
    Buffer line = {0};
    journal_begin(run->engine, &line, "end");
    buffer_format(&line, ", \"status\": %d, \"completion_tokens\": %zu", status, run->produced);
    if (status == SUCCESS) {
        buffer_format(&line, ", \"endpoint\": \"%s\"", ENDPOINT_NAMES[run->endpoint]);
    }
    journal_end(run->engine, &line);
}

/* ---- prompt evaluation ------------------------------------------------------------------- */

static bool is_interrupted(const Run *run) {
    return !run->settings->deaf && run->request->kind != FROM_OCR &&
           atomic_load(&run->engine->interrupted);
}

/* Whether the file that evaluation waits for is not there yet. */
static bool is_held(const Run *run) {
    if (run->settings->gate == NULL) {
        return false;
    }
    Buffer path = {0};
    script_beside(&run->engine->script, run->settings->gate, &path);
    bool held = access(path.data, F_OK) != 0;
    buffer_free(&path);
    return held;
}

/* Waits in short naps; false when an interrupt ended the wait. */
static bool wait_listening(const Run *run, double deadline) {
    while (now_seconds() < deadline || is_held(run)) {
        if (run->settings->prefill_interruptible && is_interrupted(run)) {
            return false;
        }
        double nap = now_seconds() + 0.002;
        sleep_until(nap < deadline || is_held(run) ? nap : deadline);
    }
    return !(run->settings->prefill_interruptible && is_interrupted(run));
}

/* False when an interrupt ended the evaluation. */
static bool evaluate_prompt(Run *run) {
    enum { STEPS = 4 };
    double rate = run->settings->prefill_tokens_per_second;
    size_t fresh = run->prompt.count - run->cached;
    double whole = run->settings->delay_seconds + (rate > 0 ? (double)fresh / rate : 0);
    double start = now_seconds();
    for (int step = 1; step <= STEPS; step++) {
        if (!wait_listening(run, start + whole * step / STEPS)) {
            return false;
        }
        run->evaluated = run->cached + fresh * (size_t)step / STEPS;
        if (run->request->progress != NULL) {
            run->request->progress(100.0f * (float)step / STEPS, run->request->progress_context);
        }
    }
    return true;
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void print_noise(const Reply *reply) {
    if (reply->stdout_noise != NULL) {
        write_all(STDOUT_FILENO, reply->stdout_noise, strlen(reply->stdout_noise));
    }
    if (reply->stderr_noise != NULL) {
        write_all(STDERR_FILENO, reply->stderr_noise, strlen(reply->stderr_noise));
    }
}

static void die(int signal_number) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static Status scripted_failure(const Reply *reply) {
    Status status = (Status)reply->status_after.value;
    for (size_t i = 0; i < reply->status_messages.count; i++) {
        errors_push(0x136, "%s", reply->status_messages.items[i]);
    }
    return reply->status_messages.count > 0 ? status : fail(status, 0x12C, "Picovoice Error.");
}

/* What the script does to the engine after `done` pieces; `start` moves when it stalls. */
static Status play_faults(const Reply *reply, int done, double *start) {
    if (reply->crash_after == done) {
        die(SIGSEGV);
    }
    if (reply->abort_after == done) {
        die(SIGABRT);
    }
    if (reply->exit_after.pieces == done) {
        _exit((int)reply->exit_after.value);
    }
    while (reply->hang_after == done) {
        pause();
    }
    if (reply->stall_after.pieces == done) {
        sleep_until(now_seconds() + reply->stall_after.value);
        *start += reply->stall_after.value;
    }
    return reply->status_after.pieces == done ? scripted_failure(reply) : SUCCESS;
}

/* Streams what is complete; in `characters` mode a cut character waits for its rest. */
static void stream(Run *run) {
    size_t end = run->completion.length;
    const char *bytes = run->completion.data;
    if (run->settings->stream == 1) {
        size_t first = end;
        while (first > run->streamed && end - first < 3 && (bytes[first - 1] & 0xC0) == 0x80) {
            first--;
        }
        unsigned char lead = first > run->streamed ? (unsigned char)bytes[first - 1] : 0;
        size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
        end = needs > end - first + 1 ? first - 1 : end;
        if (end == run->streamed) {
            return;
        }
    }
    char *piece = copy_bytes(bytes + run->streamed, end - run->streamed);
    run->streamed = end;
    if (run->request->stream != NULL) {
        run->request->stream(piece, run->request->stream_context);
    }
    free(piece);
}

static bool meets_stop_phrase(const Run *run, size_t before) {
    for (int32_t i = 0; i < run->request->stop_count; i++) {
        const char *phrase = run->request->stop_phrases[i];
        size_t length = strlen(phrase);
        size_t start = length > 0 && before >= length ? before - length + 1 : 0;
        if (strstr(run->completion.data + start, phrase) != NULL) {
            return true;
        }
    }
    return false;
}

/* Produces the next piece; true when the generation ends with it. */
static bool produce(Run *run) {
    size_t index = run->produced++;
    size_t start = index > 0 ? run->ends[index - 1] : 0;
    size_t before = run->completion.length;
    buffer_add(&run->completion, run->text.data + start, run->ends[index] - start);
    if (index == 0) {
        journal_first(run);
    }
    stream(run);
    if (run->has_eos && run->produced == run->piece_count) {
        run->endpoint = END_OF_SENTENCE;
        return true;
    }
    if (meets_stop_phrase(run, before)) {
        run->endpoint = STOP_PHRASE;
        return true;
    }
    return false;
}

/* Whether there is no room or nothing left for another piece. */
static bool is_over(Run *run, Status *status) {
    const Script *script = &run->engine->script;
    if (run->request->limit > 0 && run->produced >= (size_t)run->request->limit) {
        run->endpoint = TOKEN_LIMIT;
        return true;
    }
    if (context_tokens(run) + run->produced >= (size_t)script->context_length) {
        run->endpoint = TOKEN_LIMIT;
        if (run->settings->context_end == 1) {
            *status = fail(RUNTIME_ERROR, 0x136, "The model has reached it's context length");
        }
        return true;
    }
    run->endpoint = END_OF_SENTENCE;
    return run->produced >= run->piece_count;
}

static Status decode(Run *run) {
    double start = now_seconds();
    double rate = run->settings->tokens_per_second;
    int overshoot = run->settings->interrupt_overshoot;
    Status status = SUCCESS;
    do {
        status = play_faults(run->reply, (int)run->produced, &start);
        if (status != SUCCESS || is_over(run, &status)) {
            return status;
        }
        /* Against the start, not the last piece, so that the pace never drifts. */
        sleep_until(start + (rate > 0 ? (double)run->produced / rate : 0));
        if (is_interrupted(run) && overshoot-- <= 0) {
            run->endpoint = INTERRUPTED;
            return SUCCESS;
        }
    } while (!produce(run));
    return play_faults(run->reply, (int)run->produced, &start);
}

/* ---- the answer -------------------------------------------------------------------------- */

static float log_prob_of(const Reply *reply, size_t index, const char *token) {
    for (size_t i = 0; i < reply->log_prob_count; i++) {
        if (reply->log_probs[i].piece == (int)index) {
            return reply->log_probs[i].log_prob;
        }
    }
    for (size_t i = 0; i < reply->alternative_count; i++) {
        const Alternative *alternative = &reply->alternatives[i];
        if (alternative->piece == (int)index && strcmp(alternative->token, token) == 0) {
            return alternative->log_prob;
        }
    }
    return -(float)(hash_bytes(token, strlen(token), index) % 1000) / 1000.0f;
}

static int by_log_prob(const void *left, const void *right) {
    float a = ((const pv_picollm_token_t *)left)->log_prob;
    float b = ((const pv_picollm_token_t *)right)->log_prob;
    return (a < b) - (a > b);
}

/* The scripted alternatives, the chosen token, then fillers, best first. */
static void add_top_choices(const Reply *reply, size_t index, int32_t wanted,
                            pv_picollm_completion_token_t *token) {
    size_t room = reply->alternative_count + (size_t)wanted + 1;
    pv_picollm_token_t *choices = allocate(room * sizeof(*choices));
    size_t count = 0;
    choices[count++] = token->token;
    float least = token->token.log_prob;
    for (size_t i = 0; i < reply->alternative_count; i++) {
        const Alternative *other = &reply->alternatives[i];
        if (other->piece == (int)index && strcmp(other->token, token->token.token) != 0) {
            choices[count++] = (pv_picollm_token_t){other->token, other->log_prob};
            least = other->log_prob < least ? other->log_prob : least;
        }
    }
    /* The chosen token keeps its place even where it is not among the best. */
    qsort(choices + 1, count - 1, sizeof(*choices), by_log_prob);
    count = count < (size_t)wanted ? count : (size_t)wanted;
    char filler[32];
    token->top_choices = allocate((size_t)wanted * sizeof(pv_picollm_token_t));
    token->num_top_choices = wanted;
    for (size_t i = 0; i < (size_t)wanted; i++) {
        snprintf(filler, sizeof(filler), " other%zu", i);
        pv_picollm_token_t choice = i < count ? choices[i]
                                              : (pv_picollm_token_t){
                                                    filler,
                                                    least - 1.0f - 0.25f * (float)(i - count),
                                                };
        choice.token = copy_text(choice.token);
        token->top_choices[i] = choice;
    }
    qsort(token->top_choices, (size_t)wanted, sizeof(pv_picollm_token_t), by_log_prob);
    free(choices);
}

static void fill_tokens(const Run *run, pv_picollm_completion_token_t *tokens) {
    size_t start = 0;
    for (size_t i = 0; i < run->produced; i++) {
        char *text = copy_bytes(run->text.data + start, run->ends[i] - start);
        tokens[i].token.token = text;
        tokens[i].token.log_prob = log_prob_of(run->reply, i, text);
        if (run->request->num_top_choices > 0) {
            add_top_choices(run->reply, i, run->request->num_top_choices, &tokens[i]);
        }
        start = run->ends[i];
    }
}

static void fill_answer(Run *run, Answer *answer) {
    *answer->endpoint = (int32_t)run->endpoint;
    *answer->completion = copy_bytes(run->completion.data, run->completion.length);
    if (answer->usage != NULL) {
        answer->usage->prompt_tokens = (int32_t)prompt_tokens(run);
        answer->usage->completion_tokens = (int32_t)run->produced;
    }
    if (answer->tokens != NULL && run->produced > 0) {
        *answer->token_count = (int32_t)run->produced;
        *answer->tokens = allocate(run->produced * sizeof(pv_picollm_completion_token_t));
        fill_tokens(run, *answer->tokens);
    }
}

/* The engine remembers what it evaluated, for the next prompt to begin with. */
static void remember(Run *run) {
    Tokens *context = &run->engine->context;
    context->count = 0;
    if (!run->engine->caching) {
        return;
    }
    if (run->produced == 0 || run->image_tokens > 0) {
        for (size_t i = 0; i < run->evaluated; i++) {
            tokens_add(context, run->prompt.items[i]);
        }
        return;
    }
    Buffer text = {0};
    const Script *script = &run->engine->script;
    buffer_text(&text, script->generate_adds_bos ? script->bos : "");
    buffer_text(&text, run->request->prompt);
    buffer_add(&text, run->completion.data, run->completion.length);
    tokenize(script, text.data, context);
    buffer_free(&text);
}

/* ---- the whole --------------------------------------------------------------------------- */

static Status prepare(Run *run) {
    read_prompt(run);
    const Script *script = &run->engine->script;
    if (context_tokens(run) >= (size_t)script->context_length) {
        return fail(INVALID_ARGUMENT, 0x136,
                    "Prompt length is not smaller than model's context length");
    }
    char *user = last_user_text(run->request->prompt);
    run->reply = choose_reply(script, run->request, user);
    if (run->reply != NULL) {
        run->settings = &run->reply->settings;
        write_reply(run, user);
    }
    free(user);
    return run->reply != NULL
               ? SUCCESS
               : fail(RUNTIME_ERROR, 0x136, "script: no [reply] matches the prompt");
}

/* Whoever has read of it in the journal finds the engine in the prompt, until that is over. */
static Status play(Run *run) {
    pv_picollm_t *engine = run->engine;
    const Settings *settings = run->settings;
    bool interruptible = run->request->kind != FROM_OCR;
    if (!engine->script.idle_interrupt_sticks) {
        atomic_store(&engine->interrupted, false);
    }
    atomic_store(&engine->deaf, settings->deaf);
    atomic_store(&engine->prefill_listens,
                 settings->prefill_interruptible || !settings->early_interrupt_lost);
    atomic_store(&engine->phase, interruptible ? PREFILL : IDLE);
    journal_generate(run);
    print_noise(run->reply);
    Status status = SUCCESS;
    run->endpoint = INTERRUPTED;
    if (evaluate_prompt(run)) {
        atomic_store(&engine->phase, interruptible ? LOOP : IDLE);
        status = decode(run);
    }
    atomic_store(&engine->phase, IDLE);
    atomic_store(&engine->interrupted, false);
    return status;
}

static Status run_request(pv_picollm_t *engine, const Request *request, Answer *answer) {
    Run run = {.engine = engine, .request = request};
    buffer_text(&run.text, "");
    buffer_text(&run.completion, "");
    Status status = check_request(engine, request);
    if (status == SUCCESS) {
        status = prepare(&run);
    }
    if (status == SUCCESS) {
        engine_grow(engine, engine->script.grow_mib);
        status = play(&run);
        remember(&run);
        journal_finish(&run, status);
    }
    if (status == SUCCESS) {
        fill_answer(&run, answer);
    }
    free(run.prompt.items);
    free(run.ends);
    buffer_free(&run.text);
    buffer_free(&run.completion);
    return status;
}

static Status generate(pv_picollm_t *engine, const Request *request, Answer answer) {
    bool image = request->kind == FROM_TEXT || request->image != NULL;
    bool tokens = request->kind == FROM_OCR ||
                  (answer.usage != NULL && answer.tokens != NULL && answer.token_count != NULL);
    bool stops = request->stop_count <= 0 || request->stop_phrases != NULL;
    if (engine == NULL || request->prompt == NULL || !image || !tokens || !stops ||
        answer.endpoint == NULL || answer.completion == NULL) {
        errors_clear();
        return fail(INVALID_ARGUMENT, 0xD1, "An argument of `%s` is NULL.", request->function);
    }
    *answer.completion = NULL;
    if (answer.tokens != NULL) {
        *answer.tokens = NULL;
        *answer.token_count = 0;
    }
    engine_enter(engine, request->function);
    return engine_leave(engine, run_request(engine, request, &answer));
}

EXPORT Status pv_picollm_generate(
    pv_picollm_t *engine, const char *prompt, int32_t completion_token_limit,
    const char *const *stop_phrases, int32_t num_stop_phrases, int32_t seed,
    float presence_penalty, float frequency_penalty, float temperature, float top_p,
    int32_t num_top_choices, StreamCallback stream_callback, void *stream_callback_context,
    pv_picollm_usage_t *usage, int32_t *endpoint, pv_picollm_completion_token_t **tokens,
    int32_t *num_tokens, char **completion) {
    Request request = {
        .function = "pv_picollm_generate",
        .kind = FROM_TEXT,
        .prompt = prompt,
        .limit = completion_token_limit,
        .stop_phrases = stop_phrases,
        .stop_count = num_stop_phrases,
        .seed = seed,
        .presence_penalty = presence_penalty,
        .frequency_penalty = frequency_penalty,
        .temperature = temperature,
        .top_p = top_p,
        .num_top_choices = num_top_choices,
        .stream = stream_callback,
        .stream_context = stream_callback_context,
    };
    return generate(engine, &request,
                    (Answer){usage, endpoint, tokens, num_tokens, completion});
}

EXPORT Status pv_picollm_generate_with_image(
    pv_picollm_t *engine, const char *prompt, int32_t image_width, int32_t image_height,
    const uint8_t *image, int32_t completion_token_limit, const char *const *stop_phrases,
    int32_t num_stop_phrases, int32_t seed, float presence_penalty, float frequency_penalty,
    float temperature, float top_p, int32_t num_top_choices, StreamCallback stream_callback,
    void *stream_callback_context, ProgressCallback progress_callback,
    void *progress_callback_context, pv_picollm_usage_t *usage, int32_t *endpoint,
    pv_picollm_completion_token_t **tokens, int32_t *num_tokens, char **completion) {
    Request request = {
        .function = "pv_picollm_generate_with_image",
        .kind = FROM_IMAGE,
        .prompt = prompt,
        .width = image_width,
        .height = image_height,
        .image = image,
        .limit = completion_token_limit,
        .stop_phrases = stop_phrases,
        .stop_count = num_stop_phrases,
        .seed = seed,
        .presence_penalty = presence_penalty,
        .frequency_penalty = frequency_penalty,
        .temperature = temperature,
        .top_p = top_p,
        .num_top_choices = num_top_choices,
        .stream = stream_callback,
        .stream_context = stream_callback_context,
        .progress = progress_callback,
        .progress_context = progress_callback_context,
    };
    return generate(engine, &request,
                    (Answer){usage, endpoint, tokens, num_tokens, completion});
}

EXPORT Status pv_picollm_generate_ocr(
    pv_picollm_t *engine, int32_t image_width, int32_t image_height, const uint8_t *image,
    int32_t completion_token_limit, StreamCallback stream_callback,
    void *stream_callback_context, ProgressCallback progress_callback,
    void *progress_callback_context, int32_t *endpoint, char **completion) {
    Request request = {
        .function = "pv_picollm_generate_ocr",
        .kind = FROM_OCR,
        .prompt = "",
        .width = image_width,
        .height = image_height,
        .image = image,
        .limit = completion_token_limit,
        .stream = stream_callback,
        .stream_context = stream_callback_context,
        .progress = progress_callback,
        .progress_context = progress_callback_context,
    };
    return generate(engine, &request, (Answer){NULL, endpoint, NULL, NULL, completion});
}

EXPORT void pv_picollm_delete_completion_tokens(pv_picollm_completion_token_t *tokens,
                                                int32_t num_tokens) {
    for (int32_t i = 0; tokens != NULL && i < num_tokens; i++) {
        for (int32_t j = 0; j < tokens[i].num_top_choices; j++) {
            free((char *)(uintptr_t)tokens[i].top_choices[j].token);
        }
        free(tokens[i].top_choices);
        free((char *)(uintptr_t)tokens[i].token.token);
    }
    free(tokens);
}

EXPORT void pv_picollm_delete_completion(char *completion) {
    free(completion);
}
