/* A backend of llama.cpp with one device. DEVICE is its name; FAULT makes the library useless:
   1 crashes while it is loaded, 2 never returns, 3 is no backend, 4 has no device, 5 ends the process as if
   all was well. */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "ggml-backend.h"

#ifndef FAULT
#define FAULT 0
#endif

/* ggml-backend-impl.h, which is not installed; GGML_BACKEND_API_VERSION is 2 */
struct ggml_backend_device {
    const char * (*get_name)(ggml_backend_dev_t);
    const char * (*get_description)(ggml_backend_dev_t);
    void (*get_memory)(ggml_backend_dev_t, size_t *, size_t *);
    enum ggml_backend_dev_type (*get_type)(ggml_backend_dev_t);
    void (*get_props)(ggml_backend_dev_t, struct ggml_backend_dev_props *);
    void * others[10];
    ggml_backend_reg_t reg;
    void * context;
};

struct ggml_backend_reg {
    int api_version;
    const char * (*get_name)(ggml_backend_reg_t);
    size_t (*get_device_count)(ggml_backend_reg_t);
    ggml_backend_dev_t (*get_device)(ggml_backend_reg_t, size_t);
    void * (*get_proc_address)(ggml_backend_reg_t, const char *);
    void * context;
};

static const char * device_name(ggml_backend_dev_t device) { return DEVICE; }
static const char * description(ggml_backend_dev_t device) { return "Imaginary card"; }
static enum ggml_backend_dev_type type(ggml_backend_dev_t device) { return GGML_BACKEND_DEVICE_TYPE_GPU; }
static void memory(ggml_backend_dev_t device, size_t * free, size_t * total) {
    *free = (size_t) 3 << 30;
    *total = (size_t) 4 << 30;
}
static void properties(ggml_backend_dev_t device, struct ggml_backend_dev_props * props) {
    props->name = DEVICE;
    props->description = "Imaginary card";
    props->type = GGML_BACKEND_DEVICE_TYPE_GPU;
    props->device_id = "0000:0a:00.0";
    memory(device, &props->memory_free, &props->memory_total);
}
static const char * reg_name(ggml_backend_reg_t reg) { return "Imaginary"; }
static size_t device_count(ggml_backend_reg_t reg) { return FAULT == 4 ? 0 : 1; }
static ggml_backend_dev_t device_at(ggml_backend_reg_t reg, size_t index);
static void * no_function(ggml_backend_reg_t reg, const char * name) { return NULL; }

static struct ggml_backend_reg registry = {2, reg_name, device_count, device_at, no_function, NULL};
static struct ggml_backend_device the_device = {
    device_name, description, memory, type, properties, {NULL}, &registry, NULL};

static ggml_backend_dev_t device_at(ggml_backend_reg_t reg, size_t index) { return &the_device; }

#if FAULT != 3
ggml_backend_reg_t ggml_backend_init(void) {
    if (FAULT == 1) {
        raise(SIGSEGV);
    }
    if (FAULT == 2) {
        pause();
    }
    if (FAULT == 5) {
        exit(0);
    }
    return &registry;
}
#endif
