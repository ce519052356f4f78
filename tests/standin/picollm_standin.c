/* The engine handle of the stand-in library: devices, init and delete, context files, tokens. */

#include "standin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ALIVE = 0x5054414E, DEAD = 0x44454144 };

/* These two have no handle in the ABI, so the last script read in the process speaks. */
static char library_version[64] = LIBRARY_VERSION;
static atomic_int library_max_top_choices = MAXIMUM_TOP_CHOICES;
static atomic_int handles;

/* ---- guards ------------------------------------------------------------------------------ */

static void check_alive(const pv_picollm_t *engine, const char *function) {
    if (engine->magic != ALIVE) {
        misuse("`%s` on a handle that was deleted", function);
    }
}

void engine_enter(pv_picollm_t *engine, const char *function) {
    check_alive(engine, function);
    const char *running = NULL;
    if (!atomic_compare_exchange_strong(&engine->busy, &running, function)) {
        misuse("`%s` while `%s` is running on the same handle", function, running);
    }
    errors_clear();
}

Status engine_leave(pv_picollm_t *engine, Status status) {
    atomic_store(&engine->busy, NULL);
    return status;
}

static Status missing(const char *argument) {
    errors_clear();
    return fail(INVALID_ARGUMENT, 0xD1, "Argument `%s` is NULL.", argument);
}

/* ---- the journal ------------------------------------------------------------------------- */

void journal_begin(const pv_picollm_t *engine, Buffer *line, const char *event) {
    buffer_format(line, "{\"t\": %.6f, \"pid\": %ld, \"handle\": %d, \"event\": \"%s\"",
                  now_seconds(), (long)getpid(), engine->number, event);
    buffer_text(line, ", \"device\": ");
    buffer_json(line, engine->device);
}

void journal_end(const pv_picollm_t *engine, Buffer *line) {
    buffer_text(line, "}\n");
    if (engine->journal >= 0) {
        /* One write on an O_APPEND file: lines of several processes never mix. */
        write_all(engine->journal, line->data, line->length);
    }
    buffer_free(line);
}

static void journal_status(const pv_picollm_t *engine, const char *event, Status status) {
    Buffer line = {0};
    journal_begin(engine, &line, event);
    buffer_format(&line, ", \"status\": %d", status);
    journal_end(engine, &line);
}

static int open_journal(const Script *script) {
    if (script->journal == NULL) {
        return -1;
    }
    Buffer path = {0};
    script_beside(script, script->journal, &path);
    int journal = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal < 0) {
        misuse("cannot open the journal `%s`: %s", path.data, strerror(errno));
    }
    buffer_free(&path);
    return journal;
}

/* ---- devices ----------------------------------------------------------------------------- */

/* The listed devices, from the environment or as the real library lists a machine without GPU. */
static Texts list_devices(void) {
    Texts devices = {0};
    const char *listed = getenv("PICOLLM_STANDIN_DEVICES");
    Buffer one = {0};
    if (listed == NULL) {
        long threads = sysconf(_SC_NPROCESSORS_CONF);
        buffer_format(&one, "cpu:[0-%ld] - CPU (%ld threads)", threads, threads);
        listed = one.data;
    }
    while (*listed != '\0') {
        size_t length = strcspn(listed, ";");
        devices.items = reallocate(devices.items, (devices.count + 1) * sizeof(char *));
        devices.items[devices.count++] = copy_bytes(listed, length);
        listed += length + (listed[length] == ';' ? 1 : 0);
    }
    buffer_free(&one);
    return devices;
}

static void free_devices(Texts *devices) {
    for (size_t i = 0; i < devices->count; i++) {
        free(devices->items[i]);
    }
    free(devices->items);
    *devices = (Texts){0};
}

static int count_gpus(void) {
    Texts devices = list_devices();
    int count = 0;
    for (size_t i = 0; i < devices.count; i++) {
        count += strncmp(devices.items[i], "gpu", 3) == 0 ? 1 : 0;
    }
    free_devices(&devices);
    return count;
}

EXPORT Status pv_picollm_list_hardware_devices(char ***hardware_devices, int32_t *count) {
    if (hardware_devices == NULL || count == NULL) {
        return missing(hardware_devices == NULL ? "hardware_devices" : "num_hardware_devices");
    }
    errors_clear();
    Texts devices = list_devices();
    *hardware_devices = devices.items;
    *count = (int32_t)devices.count;
    if (count_gpus() == 0) {
        errors_push(0x12C, "Picovoice Error."); /* left behind by a call that succeeds */
    }
    return SUCCESS;
}

EXPORT void pv_picollm_free_hardware_devices(char **hardware_devices, int32_t count) {
    Texts devices = {hardware_devices, (size_t)(count > 0 ? count : 0)};
    free_devices(&devices);
}

static Status no_gpu(void) {
    errors_push(0x334, "Failed to communicate with device.");
    errors_push(0x12C, "Picovoice Error.");
    return fail(RUNTIME_ERROR, 0x136, "d539b48");
}

static Status contact_gpu(long index, int gpus) {
    if (gpus == 0) {
        return no_gpu();
    }
    if (index < 0 || index >= gpus) {
        errors_push(0x335,
                    "GPU device index `%ld` is out of range. Found `%d` available GPU devices.",
                    index, gpus);
        return fail(RUNTIME_ERROR, 0x136, "d539b48");
    }
    return SUCCESS;
}

/* Takes and refuses the device strings that the real library takes and refuses. */
static Status choose_device(const char *device) {
    int gpus = count_gpus();
    bool gpu = strncmp(device, "gpu", 3) == 0;
    bool cpu = strncmp(device, "cpu", 3) == 0;
    if (strcmp(device, "best") == 0) {
        if (gpus == 0) {
            errors_push(0x334, "Failed to communicate with device.");
            errors_push(0x12C, "Picovoice Error.");
            errors_push(0x12C, "Picovoice Error.");
        }
        return SUCCESS;
    }
    if (*device == '\0') {
        return SUCCESS;
    }
    if ((!gpu && !cpu) || (device[3] != '\0' && device[3] != ':')) {
        errors_push(0x322, "%s is not a valid device string", device);
        return fail(INVALID_ARGUMENT, 0x136, "d539b48");
    }
    const char *number = device[3] == ':' ? device + 4 : "0";
    char *end;
    long value = strtol(number, &end, 10);
    if (*end != '\0') {
        return fail(INVALID_ARGUMENT, 0x136, "d539b48");
    }
    if (gpu) {
        return contact_gpu(value, gpus);
    }
    if (value > INT_MAX) {
        return fail(OUT_OF_MEMORY, 0x64, "Failed to allocate, out of memory.");
    }
    return SUCCESS;
}

/* ---- init and delete --------------------------------------------------------------------- */

void engine_grow(pv_picollm_t *engine, int mebibytes) {
    if (mebibytes <= 0) {
        return;
    }
    size_t size = (size_t)mebibytes << 20;
    char *block = allocate(size);
    long page = sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < size; i += (size_t)page) {
        ((volatile char *)block)[i] = 1; /* untouched memory would not count */
    }
    size_t blocks = (engine->ballast_count + 1) * sizeof(void *);
    engine->ballast = reallocate(engine->ballast, blocks);
    engine->ballast[engine->ballast_count++] = block;
}

/* Pushes scripted messages, with {access_key} filled in. */
static void push_messages(const Texts *messages, const char *access_key) {
    static const char mark[] = "{access_key}";
    for (size_t i = 0; i < messages->count; i++) {
        const char *text = messages->items[i];
        const char *found = strstr(text, mark);
        if (found == NULL) {
            errors_push(0x136, "%s", text);
        } else {
            errors_push(0x136, "%.*s%s%s", (int)(found - text), text, access_key,
                        found + strlen(mark));
        }
    }
}

static Status init_fault(const Script *script, const char *access_key) {
    if (!script->init_crash && !script->init_hang && script->init_status == SUCCESS) {
        return SUCCESS;
    }
    if (script->fail_inits >= 0 && script_count_up(script, "inits") >= script->fail_inits) {
        return SUCCESS;
    }
    if (script->init_crash) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    while (script->init_hang) {
        pause();
    }
    if (script->init_messages.count == 0) {
        return fail(script->init_status, 0x12C, "Picovoice Error.");
    }
    push_messages(&script->init_messages, access_key);
    return script->init_status;
}

static Status check_access_key(const Script *script, const char *access_key) {
    if (script->access_key == NULL || strcmp(script->access_key, access_key) == 0) {
        return SUCCESS;
    }
    push_messages(&script->access_key_messages, access_key);
    if (script->access_key_messages.count > 0) {
        return script->access_key_status;
    }
    if (script->access_key_status != INVALID_ARGUMENT) {
        return fail(script->access_key_status, 0x12C, "Picovoice Error.");
    }
    return fail(INVALID_ARGUMENT, 0x2B0, "Failed to parse AccessKey `%s`.", access_key);
}

static Status check_file_version(const Script *script) {
    if (script->file_version == NULL || strcmp(script->file_version, script->version) == 0) {
        return SUCCESS;
    }
    return fail(INVALID_ARGUMENT, 0x119,
                "picoLLM file belongs to a different version of the library. File is `%s` while "
                "library is `%s`.",
                script->file_version, script->version);
}

static Status start(pv_picollm_t *engine, const char *access_key) {
    const Script *script = &engine->script;
    if (script->stdout_noise != NULL) {
        write_all(STDOUT_FILENO, script->stdout_noise, strlen(script->stdout_noise));
    }
    if (script->stderr_noise != NULL) {
        write_all(STDERR_FILENO, script->stderr_noise, strlen(script->stderr_noise));
    }
    sleep_until(now_seconds() + script->init_delay_seconds);
    Status status = check_file_version(script);
    if (status == SUCCESS) {
        status = init_fault(script, access_key);
    }
    if (status == SUCCESS) {
        status = check_access_key(script, access_key);
    }
    if (status == SUCCESS && engine->caching && !script->context_caching) {
        engine->caching = script->context_caching_unsupported == 2;
        if (script->context_caching_unsupported == 1) {
            status = fail(INVALID_ARGUMENT, 0x136,
                          "This picoLLM model doesn't support context caching");
        }
    }
    return status;
}

static void free_engine_memory(pv_picollm_t *engine) {
    for (size_t i = 0; i < engine->ballast_count; i++) {
        free(engine->ballast[i]);
    }
    free(engine->ballast);
    free(engine->context.items);
    free(engine->device);
    script_free(&engine->script);
    if (engine->journal >= 0) {
        close(engine->journal);
    }
}

EXPORT Status pv_picollm_init(const char *access_key, const char *model_path, const char *device,
                              bool enable_context_caching, pv_picollm_t **object) {
    if (access_key == NULL || model_path == NULL || device == NULL || object == NULL) {
        return missing("access_key, model_path, device or object");
    }
    errors_clear();
    *object = NULL;
    Status status = choose_device(device);
    if (status != SUCCESS) {
        return status;
    }
    Script script;
    status = script_load(&script, model_path);
    if (status != SUCCESS) {
        return status;
    }
    snprintf(library_version, sizeof(library_version), "%s", script.version);
    atomic_store(&library_max_top_choices, script.max_top_choices);
    pv_picollm_t *engine = allocate(sizeof(*engine));
    engine->number = atomic_fetch_add(&handles, 1);
    engine->journal = open_journal(&script);
    engine->script = script;
    engine->device = copy_text(device);
    engine->caching = enable_context_caching;
    journal_status(engine, "init", SUCCESS);
    status = start(engine, access_key);
    if (status != SUCCESS) {
        journal_status(engine, "failed", status);
        free_engine_memory(engine);
        free(engine);
        return status;
    }
    engine_grow(engine, script.ballast_mib);
    engine->magic = ALIVE;
    journal_status(engine, "ready", SUCCESS);
    *object = engine;
    return SUCCESS;
}

EXPORT void pv_picollm_delete(pv_picollm_t *engine) {
    if (engine == NULL) {
        return;
    }
    engine_enter(engine, "pv_picollm_delete");
    journal_status(engine, "delete", SUCCESS);
    engine->magic = DEAD;
    /* The handle itself stays: a later call on it is then caught, not a random crash. */
    free_engine_memory(engine);
}

/* ---- interrupt --------------------------------------------------------------------------- */

EXPORT Status pv_picollm_interrupt(pv_picollm_t *engine) {
    if (engine == NULL) {
        return missing("object");
    }
    check_alive(engine, "pv_picollm_interrupt");
    errors_clear();
    int phase = atomic_load(&engine->phase);
    bool heard = phase == LOOP || (phase == PREFILL && atomic_load(&engine->prefill_listens)) ||
                 (phase == IDLE && engine->script.idle_interrupt_sticks);
    heard = heard && !(phase != IDLE && atomic_load(&engine->deaf));
    if (heard) {
        atomic_store(&engine->interrupted, true);
    }
    Buffer line = {0};
    journal_begin(engine, &line, "interrupt");
    buffer_format(&line, ", \"phase\": \"%s\", \"heard\": %s",
                  phase == IDLE      ? "idle"
                  : phase == PREFILL ? "prefill"
                                     : "loop",
                  heard ? "true" : "false");
    journal_end(engine, &line);
    return SUCCESS;
}

/* ---- what the model is ------------------------------------------------------------------- */

EXPORT Status pv_picollm_model(const pv_picollm_t *engine, const char **model) {
    if (engine == NULL || model == NULL) {
        return missing(engine == NULL ? "object" : "model");
    }
    check_alive(engine, "pv_picollm_model");
    *model = engine->script.model;
    return SUCCESS;
}

EXPORT Status pv_picollm_context_length(const pv_picollm_t *engine, int32_t *context_length) {
    if (engine == NULL || context_length == NULL) {
        return missing(engine == NULL ? "object" : "context_length");
    }
    check_alive(engine, "pv_picollm_context_length");
    *context_length = engine->script.context_length;
    return SUCCESS;
}

EXPORT const char *pv_picollm_version(void) {
    return library_version;
}

EXPORT int32_t pv_picollm_max_top_choices(void) {
    return atomic_load(&library_max_top_choices);
}

static char sdk[32] = "c";

EXPORT void pv_set_sdk(const char *name) {
    snprintf(sdk, sizeof(sdk), "%s", name != NULL ? name : "");
}

EXPORT const char *pv_get_sdk(void) {
    return sdk;
}

/* ---- context files ----------------------------------------------------------------------- */

static const char CONTEXT_MAGIC[] = "picollm-standin-context 1";

/* What the script does to `context_save` or `context_load`; SUCCESS lets the call go on. */
static Status play_file_fault(const Script *script, int fault) {
    sleep_until(now_seconds() + script->context_file_seconds);
    if (fault == FAULT_CRASH) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    while (fault == FAULT_HANG) {
        pause();
    }
    return fault == SUCCESS ? SUCCESS : fail((Status)fault, 0x12C, "Picovoice Error.");
}

static Status check_caching(const pv_picollm_t *engine, const char *function) {
    if (!engine->script.context_caching) {
        return fail(INVALID_ARGUMENT, 0x136, "This picoLLM model doesn't support `%s`", function);
    }
    if (!engine->caching) {
        return fail(RUNTIME_ERROR, 0x136,
                    "This picoLLM model doesn't have context caching enabled");
    }
    return SUCCESS;
}

static Status save_context(const pv_picollm_t *engine, const char *path) {
    Status status = check_caching(engine, "pv_picollm_context_save");
    if (status != SUCCESS) {
        return status;
    }
    if (engine->context.count == 0) {
        return fail(RUNTIME_ERROR, 0x136, "There is no context in the model to save");
    }
    status = play_file_fault(&engine->script, engine->script.save_fault);
    if (status != SUCCESS) {
        return status;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return fail(IO_ERROR, 0xC9, "Failed to open file `%s`.", path);
    }
    fprintf(file, "%s\n%s\n%s\n%zu\n", CONTEXT_MAGIC, engine->script.version,
            engine->script.model, engine->context.count);
    for (size_t i = 0; i < engine->context.count; i++) {
        fprintf(file, "%d\n", engine->context.items[i]);
    }
    bool written = !ferror(file);
    return fclose(file) == 0 && written
               ? SUCCESS
               : fail(IO_ERROR, 0xCA, "Failed to write to file.");
}

static bool read_context(const pv_picollm_t *engine, FILE *file, Tokens *context) {
    Buffer head = {0};
    Buffer line = {0};
    buffer_format(&head, "%s\n%s\n%s\n", CONTEXT_MAGIC, engine->script.version,
                  engine->script.model);
    while (line.length < head.length) {
        int byte = fgetc(file);
        char character = (char)byte;
        if (byte == EOF) {
            break;
        }
        buffer_add(&line, &character, 1);
    }
    bool valid = line.length == head.length && memcmp(line.data, head.data, head.length) == 0;
    buffer_free(&head);
    buffer_free(&line);
    size_t count = 0;
    valid = valid && fscanf(file, "%zu", &count) == 1;
    for (size_t i = 0; valid && i < count; i++) {
        int token = 0;
        valid = fscanf(file, "%d", &token) == 1;
        tokens_add(context, token);
    }
    return valid;
}

static Status load_context(pv_picollm_t *engine, const char *path) {
    Status status = check_caching(engine, "pv_picollm_context_load");
    if (status == SUCCESS) {
        status = play_file_fault(&engine->script, engine->script.load_fault);
    }
    if (status != SUCCESS) {
        return status;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return fail(IO_ERROR, 0xC9, "Failed to open file `%s`.", path);
    }
    Tokens context = {0};
    bool valid = read_context(engine, file, &context);
    fclose(file);
    if (!valid) {
        free(context.items);
        return fail(INVALID_ARGUMENT, 0x136,
                    "The context file is not a valid context for this model");
    }
    free(engine->context.items);
    engine->context = context;
    return SUCCESS;
}

EXPORT Status pv_picollm_context_save(pv_picollm_t *engine, const char *context_path) {
    if (engine == NULL || context_path == NULL) {
        return missing(engine == NULL ? "object" : "context_path");
    }
    engine_enter(engine, "pv_picollm_context_save");
    Status status = save_context(engine, context_path);
    journal_status(engine, "save", status);
    return engine_leave(engine, status);
}

EXPORT Status pv_picollm_context_load(pv_picollm_t *engine, const char *context_path) {
    if (engine == NULL || context_path == NULL) {
        return missing(engine == NULL ? "object" : "context_path");
    }
    engine_enter(engine, "pv_picollm_context_load");
    Status status = load_context(engine, context_path);
    journal_status(engine, "load", status);
    return engine_leave(engine, status);
}

/* ---- tokens, embeddings, logits ---------------------------------------------------------- */

EXPORT Status pv_picollm_tokenize(pv_picollm_t *engine, const char *text, bool bos, bool eos,
                                  int32_t *count, int32_t **tokens) {
    if (engine == NULL || text == NULL || count == NULL || tokens == NULL) {
        return missing("object, text, num_tokens or tokens");
    }
    engine_enter(engine, "pv_picollm_tokenize");
    const Script *script = &engine->script;
    Tokens all = {0};
    if (bos) {
        tokenize(script, script->bos, &all);
    }
    tokenize(script, text, &all);
    if (eos) {
        tokenize(script, script->settings.eos, &all);
    }
    *count = (int32_t)all.count;
    *tokens = all.items != NULL ? all.items : allocate(sizeof(int32_t));
    return engine_leave(engine, SUCCESS);
}

EXPORT void pv_picollm_delete_tokens(int32_t *tokens) {
    free(tokens);
}

/* Words are hashed into the dimensions, so texts that share words point the same way. */
static void embed(const Tokens *tokens, float *vector, int dimension) {
    for (size_t i = 0; i < tokens->count; i++) {
        const int32_t token = tokens->items[i];
        uint64_t hash = hash_bytes((const char *)&token, sizeof(token), 1);
        vector[hash % (uint64_t)dimension] += hash >> 63 ? 1.0f : -1.0f;
    }
    double square = 0;
    for (int i = 0; i < dimension; i++) {
        square += (double)vector[i] * vector[i];
    }
    if (square == 0) {
        vector[0] = 1.0f;
        square = 1;
    }
    for (int i = 0; i < dimension; i++) {
        vector[i] = (float)(vector[i] / sqrt(square));
    }
}

static Status generate_embeddings(pv_picollm_t *engine, const char *prompt, int32_t *count,
                                  float **embeddings) {
    const Script *script = &engine->script;
    if (script->embeddings == 0) {
        return fail(INVALID_ARGUMENT, 0x136,
                    "This picoLLM model doesn't support `pv_picollm_generate_embeddings`");
    }
    Tokens tokens = {0};
    tokenize(script, prompt, &tokens);
    Status status = SUCCESS;
    if (tokens.count >= (size_t)script->context_length) {
        status = fail(INVALID_ARGUMENT, 0x136,
                      "Prompt length is not smaller than model's context length");
    } else {
        double rate = script->settings.prefill_tokens_per_second;
        sleep_until(now_seconds() + (rate > 0 ? (double)tokens.count / rate : 0));
        *embeddings = allocate((size_t)script->embeddings * sizeof(float));
        *count = script->embeddings;
        embed(&tokens, *embeddings, script->embeddings);
    }
    Buffer line = {0};
    journal_begin(engine, &line, "embed");
    buffer_format(&line, ", \"prompt_tokens\": %zu, \"status\": %d", tokens.count, status);
    journal_end(engine, &line);
    free(tokens.items);
    return status;
}

EXPORT Status pv_picollm_generate_embeddings(pv_picollm_t *engine, const char *prompt,
                                             int32_t *count, float **embeddings) {
    if (engine == NULL || prompt == NULL || count == NULL || embeddings == NULL) {
        return missing("object, prompt, num_embeddings or embeddings");
    }
    engine_enter(engine, "pv_picollm_generate_embeddings");
    return engine_leave(engine, generate_embeddings(engine, prompt, count, embeddings));
}

EXPORT void pv_picollm_delete_embeddings(float *embeddings) {
    free(embeddings);
}

enum { LOGITS = 256 };

EXPORT Status pv_picollm_forward(pv_picollm_t *engine, int32_t token, int32_t *count,
                                 float **logits) {
    if (engine == NULL || count == NULL || logits == NULL) {
        return missing("object, num_logits or logits");
    }
    engine_enter(engine, "pv_picollm_forward");
    *logits = allocate(LOGITS * sizeof(float));
    *count = LOGITS;
    uint64_t seed = hash_bytes((const char *)&token, sizeof(token), ++engine->forwarded);
    for (int i = 0; i < LOGITS; i++) {
        (*logits)[i] = (float)(hash_bytes((const char *)&i, sizeof(i), seed) % 1000) / 100.0f;
    }
    return engine_leave(engine, SUCCESS);
}

EXPORT void pv_picollm_delete_logits(float *logits) {
    free(logits);
}

EXPORT Status pv_picollm_reset(pv_picollm_t *engine) {
    if (engine == NULL) {
        return missing("object");
    }
    engine_enter(engine, "pv_picollm_reset");
    engine->forwarded = 0;
    engine->context.count = 0;
    return engine_leave(engine, SUCCESS);
}
