package claudetrail.shim;

import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.HEAD;

import java.io.IOException;
import java.util.List;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.HandledTransportAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamInput;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.util.concurrent.EsExecutors;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;

/** {@code GET /}: who answers, and in which version. Clients detect the product by it. Needs the cluster privilege {@code monitor}. */
public final class RootEnd extends BaseRestHandler {

    static final ActionType<Answer> ACTION = new ActionType<>("cluster:monitor/main");

    @Override
    public String getName() {
        return "claudetrail_root";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(GET, "/"), new Route(HEAD, "/"));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
        return channel -> client.execute(ACTION, new Question(), new RestToXContentListener<>(channel));
    }

    public static final class Question extends ActionRequest {
        Question() {}

        Question(StreamInput in) throws IOException {
            super(in);
        }

        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    public static final class Answer extends ActionResponse implements ToXContentObject {
        private final String node;
        private final String cluster;
        private final String clusterId;

        Answer(ClusterService service) {
            node = service.getNodeName();
            cluster = service.getClusterName().value();
            clusterId = service.state().metadata().clusterUUID();
        }

        @Override
        public void writeTo(StreamOutput out) {
            throw new UnsupportedOperationException("one node only: this answer is never sent to another");
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder json, Params params) throws IOException {
            Build build = Build.current();
            json.startObject();
            json.field("name", node).field("cluster_name", cluster).field("cluster_uuid", clusterId);
            json.startObject("version");
            json.field("number", build.qualifiedVersion());
            json.field("build_flavor", build.flavor());
            json.field("build_type", build.type().displayName());
            json.field("build_hash", build.hash());
            json.field("build_date", build.date());
            json.field("build_snapshot", build.isSnapshot());
            json.field("lucene_version", org.apache.lucene.util.Version.LATEST.toString());
            json.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
            json.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
            json.endObject();
            return json.field("tagline", "You Know, for Search").endObject();
        }
    }

    public static final class Action extends HandledTransportAction<Question, Answer> {
        private final ClusterService service;

        @Inject
        public Action(TransportService transport, ActionFilters filters, ClusterService service) {
            super(ACTION.name(), transport, filters, Question::new, EsExecutors.DIRECT_EXECUTOR_SERVICE);
            this.service = service;
        }

        @Override
        protected void doExecute(Task task, Question question, ActionListener<Answer> listener) {
            ActionListener.completeWith(listener, () -> new Answer(service));
        }
    }
}
