/*
 * An OPC UA server on open62541 1.4 for the tests: open62541_server PORT
 *
 * It listens on 127.0.0.1 alone. Namespace 1 holds the doubles "level" (counts up by one every 100 ms from 0) and
 * "steady" (21.5, never written again), the boolean "flag" (true) and "broken" (Bad sensor failure).
 */
#include <open62541/server.h>
#include <open62541/server_config_default.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile UA_Boolean running = true;

static void stop(int sign) {
    (void)sign;
    running = false;
}

static void write_value(UA_Server *server, char *name, void *value, const UA_DataType *type, UA_StatusCode status) {
    UA_WriteValue write;
    UA_WriteValue_init(&write);
    write.nodeId = UA_NODEID_STRING(1, name);
    write.attributeId = UA_ATTRIBUTEID_VALUE;
    UA_Variant_setScalar(&write.value.value, value, type);
    write.value.hasValue = true;
    write.value.status = status;
    write.value.hasStatus = true;
    write.value.sourceTimestamp = UA_DateTime_now();
    write.value.hasSourceTimestamp = true;
    UA_Server_write(server, &write);
}

static void add(UA_Server *server, char *name, void *value, const UA_DataType *type, UA_StatusCode status) {
    UA_VariableAttributes attributes = UA_VariableAttributes_default;
    attributes.displayName = UA_LOCALIZEDTEXT("en", name);
    attributes.accessLevel = UA_ACCESSLEVELMASK_READ;
    attributes.dataType = type->typeId;
    UA_Variant_setScalar(&attributes.value, value, type);
    UA_Server_addVariableNode(server, UA_NODEID_STRING(1, name), UA_NODEID_NUMERIC(0, UA_NS0ID_OBJECTSFOLDER),
                              UA_NODEID_NUMERIC(0, UA_NS0ID_ORGANIZES), UA_QUALIFIEDNAME(1, name),
                              UA_NODEID_NUMERIC(0, UA_NS0ID_BASEDATAVARIABLETYPE), attributes, NULL, NULL);
    write_value(server, name, value, type, status);
}

static void count_up(UA_Server *server, void *data) {
    UA_Double *level = (UA_Double *)data;
    *level += 1;
    write_value(server, "level", level, &UA_TYPES[UA_TYPES_DOUBLE], UA_STATUSCODE_GOOD);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "expected: open62541_server PORT\n");
        return 2;
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    UA_Server *server = UA_Server_new();
    UA_ServerConfig *config = UA_Server_getConfig(server);
    UA_ServerConfig_setMinimal(config, (UA_UInt16)atoi(argv[1]), NULL);
    char url[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%s", argv[1]);
    UA_Array_delete(config->serverUrls, config->serverUrlsSize, &UA_TYPES[UA_TYPES_STRING]);
    config->serverUrls = (UA_String *)UA_Array_new(1, &UA_TYPES[UA_TYPES_STRING]);
    config->serverUrlsSize = 1;
    config->serverUrls[0] = UA_STRING_ALLOC(url);

    UA_Double level = 0;
    UA_Double steady = 21.5;
    UA_Boolean flag = true;
    UA_Double broken = 0;
    add(server, "level", &level, &UA_TYPES[UA_TYPES_DOUBLE], UA_STATUSCODE_GOOD);
    add(server, "steady", &steady, &UA_TYPES[UA_TYPES_DOUBLE], UA_STATUSCODE_GOOD);
    add(server, "flag", &flag, &UA_TYPES[UA_TYPES_BOOLEAN], UA_STATUSCODE_GOOD);
    add(server, "broken", &broken, &UA_TYPES[UA_TYPES_DOUBLE], UA_STATUSCODE_BADSENSORFAILURE);
    UA_Server_addRepeatedCallback(server, count_up, &level, 100, NULL);

    UA_StatusCode status = UA_Server_run_startup(server);
    if (status == UA_STATUSCODE_GOOD) {
        printf("READY\n");
        fflush(stdout);
        while (running) UA_Server_run_iterate(server, true);
    }
    UA_Server_run_shutdown(server);
    UA_Server_delete(server);
    return status == UA_STATUSCODE_GOOD ? 0 : 1;
}
