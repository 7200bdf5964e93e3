package claudetrail.shim;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.FilteringTokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/**
 * What a client needs of Elasticsearch and no published jar holds.
 *
 * <p>The server jar has data streams, but the ends that list, create and delete them belong to a module that is only in the full
 * distribution, and so does {@code GET /}. Here are these ends again. They do nothing of their own: each is an action with the name that
 * the privileges speak of (so a role that lacks it gets its 403), and each action asks the service of the engine.
 *
 * <p>Two more gaps are filled so that a template is accepted as a full node would accept it: the settings of index lifecycle management
 * (accepted, without effect) and the three analysis parts that the {@code .security} index names.
 */
public final class ShimPlugin extends VersionedPlugin implements AnalysisPlugin {

    @Override
    public List<Setting<?>> getSettings() {
        return List.of(lifecycleSetting("index.lifecycle.name"), lifecycleSetting("index.lifecycle.rollover_alias"));
    }

    private static Setting<String> lifecycleSetting(String name) {
        return Setting.simpleString(name, Setting.Property.Dynamic, Setting.Property.IndexScope);
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("uax_url_email", (index, environment, name, settings) ->
            TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new));
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "unique", (index, environment, name, settings) -> tokenFilter(name, FirstOfEachToken::new),
            "pattern_capture", (index, environment, name, settings) -> {
                Pattern[] patterns = settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
                boolean preserveOriginal = settings.getAsBoolean("preserve_original", true);
                return tokenFilter(name, tokens -> new PatternCaptureGroupTokenFilter(tokens, preserveOriginal, patterns));
            });
    }

    private static TokenFilterFactory tokenFilter(String name, Function<TokenStream, TokenStream> wrap) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream tokens) {
                return wrap.apply(tokens);
            }
        };
    }

    /** Drops each token that was already seen in the same field. */
    private static final class FirstOfEachToken extends FilteringTokenFilter {
        private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
        private final Set<String> seen = new HashSet<>();

        FirstOfEachToken(TokenStream tokens) {
            super(tokens);
        }

        @Override
        protected boolean accept() {
            return seen.add(term.toString());
        }

        @Override
        public void reset() throws java.io.IOException {
            super.reset();
            seen.clear();
        }
    }
}
