package claudetrail.shim;

import static org.elasticsearch.rest.RestRequest.Method.DELETE;
import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.PUT;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.action.datastreams.CreateDataStreamAction;
import org.elasticsearch.action.datastreams.DeleteDataStreamAction;
import org.elasticsearch.action.datastreams.GetDataStreamAction;
import org.elasticsearch.action.datastreams.lifecycle.PutDataStreamLifecycleAction;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.common.Strings;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestUtils;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.xcontent.XContentParser;

/** {@code /_data_stream}: list, create and delete data streams, and set the lifecycle of one. The work is in {@link DataStreamActions}. */
final class DataStreamEnd extends BaseRestHandler {

    @Override
    public String getName() {
        return "claudetrail_data_stream";
    }

    @Override
    public List<Route> routes() {
        return List.of(
            new Route(GET, "/_data_stream"),
            new Route(GET, "/_data_stream/{name}"),
            new Route(PUT, "/_data_stream/{name}"),
            new Route(DELETE, "/_data_stream/{name}"),
            new Route(PUT, "/_data_stream/{name}/_lifecycle"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        if (request.path().endsWith("/_lifecycle")) {
            return setLifecycle(request, client);
        }
        return switch (request.method()) {
            case GET -> list(request, client);
            case PUT -> create(request, client);
            case DELETE -> delete(request, client);
            default -> throw new IllegalArgumentException("no such method: " + request.method());
        };
    }

    private static String[] names(RestRequest request) {
        return Strings.splitStringByCommaToArray(request.param("name", "*"));
    }

    private static RestChannelConsumer list(RestRequest request, NodeClient client) {
        var question = new GetDataStreamAction.Request(RestUtils.getMasterNodeTimeout(request), names(request));
        question.includeDefaults(request.paramAsBoolean("include_defaults", false));
        question.indicesOptions(IndicesOptions.fromRequest(request, question.indicesOptions()));
        return channel -> client.execute(GetDataStreamAction.INSTANCE, question, new RestToXContentListener<>(channel));
    }

    private static RestChannelConsumer create(RestRequest request, NodeClient client) {
        var question = new CreateDataStreamAction.Request(
            RestUtils.getMasterNodeTimeout(request), RestUtils.getAckTimeout(request), request.param("name"));
        return channel -> client.execute(CreateDataStreamAction.INSTANCE, question, new RestToXContentListener<>(channel));
    }

    private static RestChannelConsumer delete(RestRequest request, NodeClient client) {
        var question = new DeleteDataStreamAction.Request(RestUtils.getMasterNodeTimeout(request), names(request));
        question.indicesOptions(IndicesOptions.fromRequest(request, question.indicesOptions()));
        return channel -> client.execute(DeleteDataStreamAction.INSTANCE, question, new RestToXContentListener<>(channel));
    }

    private static RestChannelConsumer setLifecycle(RestRequest request, NodeClient client) throws IOException {
        Map<String, Object> body;
        try (XContentParser parser = request.contentParser()) {
            body = parser.map();
        }
        if (Set.of("data_retention", "enabled").containsAll(body.keySet()) == false) {
            throw new IllegalArgumentException("this engine takes data_retention and enabled only, not " + body.keySet());
        }
        String retention = (String) body.get("data_retention");
        var question = new PutDataStreamLifecycleAction.Request(
            RestUtils.getMasterNodeTimeout(request), RestUtils.getAckTimeout(request), names(request),
            retention == null ? null : TimeValue.parseTimeValue(retention, "data_retention"), (Boolean) body.get("enabled"));
        question.indicesOptions(IndicesOptions.fromRequest(request, question.indicesOptions()));
        return channel -> client.execute(PutDataStreamLifecycleAction.INSTANCE, question, new RestToXContentListener<>(channel));
    }
}
