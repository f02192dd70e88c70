// Owns the lists of cookies whose meaning is known. Names in any case, without `__Host-` and `__Secure-`; `*` stands for any characters.

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Somebody's session, credentials or basket. Families first, then frameworks and products whose names say nothing. */
export const SESSION_COOKIES: readonly string[] = words(`
  *session* *sess *sess_* sess* ssess* *sessid* *sid *.sid *token* *auth* *jwt* _*_key *login* *logged* *signin* *signed* *sso* *saml*
  *openid* *oidc* *user* *account* *member* *customer* *identity* *credential* *remember* *passport* *ticket* *csrf* *xsrf* *secret*
  *apikey* *api_key* *api-key* *cart* *basket* *checkout* *wishlist* *password* *passwd*
  connect.* koa:* koa.* cfid .aspx* .aspnet* aspnet* symfony frontend adminhtml prestashop-* wordpress_* wp-postpass_* wp-settings-*
  comment_author* wp_woocommerce_* woocommerce_* edd_* form_key __client_uat* __client sb-* kc_* keycloak_* ltpa* obsso* pd-id*
  pd-s-* mrhs* nsc_aaac nsc_tm* nsc_tass ctxs* aspsession* phpbb* xf_* ips4_* smfcookie* vbulletin* bb_* mybb* yii* craft* typo3* fe_typo* be_typo*
  contao_* concrete5* drupal.* play_* flask rack.* iron iron-* hapi* sails.* fastify* lucia* clerk* supabase* firebase* amplify*
  cognito* okta* ory_* zitadel* authelia* appsession* _oauth* oauth* mojolicious dancer.* plack* catalyst* mod_* shibs*
  _shibs* rememberme gitlab* discourse* _t nextcloud*
  roundcube* grafana* zbx_* gitea* i_like_* seraph* mantis* horde* phpmyadmin* pma* webvpn* svpn* msis* rtfa .dotnetnuke portalroles
  __ac* mellon* fbsr_* c_user xs li_at liap bduss ds dsr logto* hanko a_sess* orchauth_* uid userid usid sentry-sc sentry-su`);

/** Drafts and previews of frameworks and content systems: their pages are for an editor alone. */
export const PREVIEW_COOKIES: readonly string[] = words(`
  __prerender_bypass __next_preview_data *preview* *draft* io.prismic.* _storyblok* sc_mode wcmmode wcmmode* cq-* cq_* admcmd_* umb_*
  optimizely_edit* epi-* stedit* sitecore_* contentful_* x-craft-* kentico* cms-edit* live-edit* *visual-edit* *editmode* *edit_mode*`);

/** Read by scripts in the page and by the services behind them, never by the site's origin: analytics, advertising, chats, tests. */
export const TRACKER_COOKIES: readonly string[] = words(`
  _ga _ga_* _gid _gat* _gac_* _gcl_* __utm* _dc_gtm_* amp_token fpid fplc fpau fpgsid __gads __gpi __gpi_* __eoi ide test_cookie
  nid 1p_jar _fbp _fbc _uetsid* _uetvid* _uetmsclkid _clck _clsk muid clid anonchk _hj* _hjsession* _hjabsolutesession* li_fat_id li_gc li_sugr bcookie lidc ln_or
  usermatchhistory analyticssynchistory _twclid muc_ads _ttp _tt_enable_cookie _ttclid ttcsid* _pin_unauth
  _pinterest_* _derived_epik _epik _scid* _sctr _sccbts _schn sc_at _rdt_* _ym_* yandexuid yuidss ymex _pk_* mtm_* matomo_ignore piwik_ignore amcv_* amcvs_* s_cc
  s_sq s_vi s_fid s_ppv* s_nr* s_vnum* s_invisit* s_getnewrepeat* s_ecid s_ips s_tp s_plt* mbox at_check demdex kndctr_*
  amplitude_* amp_* ajs_* analytics_session_id* _hp2_* _hp5_* __hstc __hssc __hssrc hubspotutk __hs_* _mkto_trk visitor_id1* visitor_id2* visitor_id3*
  visitor_id4* visitor_id5* visitor_id6* visitor_id7* visitor_id8* visitor_id9* pi_opt_in*
  intercom-* intercom-session-* drift_aid driftt_aid drift_eid driftt_eid driftt_sid
  drift_campaign_refresh __zlcmid __zopim crisp-client* crisp-client%2fsession* twk_* tawk* __lc_* optimizely* optimizelysession* _vwo* _vis_opt_* abtasty* abtastysession* kameleoon* _gaexp* _opt_* _dy* _dyjsession* nragent
  nreum dtcookie dtpc dtsa dtlatc rxvisitor rxvt rxec adrum* ai_user ai_session ai_authuser _dd_s fs_uid fs_lua _lr_* mf_user
  mf_*-*-*-*-*  _ce.* cebs* ceir _lo_* __qca _qc* _cb* _chartbeat* _t_tests _parsely_* _parsely_session* _scor_uid cto_* criteo_* t_gid taboola* taboola_session* trc_cookie* obuid
  outbrain_* __kla_id ab.storage.* ab.storage.sessionid.* sailthru_* _ltk* _br_uid* _branch_* _sfid_* evergage_* utag_main* _sp_id* _sp_ses* _shopify_y
  _shopify_s _shopify_sa_* _shopify_fs _shopify_tm _shopify_tw _shopify_m _orig_referrer _landing_page sbjs_* sbjs_session* tk_ai tk_lr tk_or
  tk_r3d tk_qs pys_* pys_session* pys_start_session pystrafficsource last_pys* _pys* __adroll* __ar_v4 _conv_* __attentive_* _attn_* attntv_* _biz_* _an_uid wisepops* _omapp* omseen* mailchimp*
  poptin_* iutk vuid ysc visitor_info1_live __stripe_mid __stripe_sid _grecaptcha _uc_* _bti _fw_crm_v _zitok __insp_* _gz* nmstat
  _mcid wt3_* wteid* wtsid* ioam* i00 emetriq* et_coid et_oi* et_id et_allow_cookies et_scroll_depth _et_coid econda* emos* mp_*_mixpanel __mp_opt_in_out_* __tea_* __tea_session* growthbook* statsig*
  ph_*_posthog __ph_opt_in_out_* dmn_chk_* rl_anonymous_id rl_user_id rl_session rl_trait rl_group_id rl_group_trait rl_page_init_* cfz_* cfzs_*
  _cs_c _cs_id _cs_s _cs_mk _cs_ex _cs_cvars qsi_* qsi_historysession ir_gbd ir_pi _pubcid* _sharedid* _lc2_fpi* panoramaid* _cc_id _au_1d
  _gd_visitor _gd_svisitor _gd_session mprtcl-* bounceclientvisit*`);

/** Consent, load balancers, CDNs and their guards: an origin answers everybody alike whatever they say. */
export const HARMLESS_COOKIES: readonly string[] = words(`
  *consent* optanon* onetrust* cookie_notice* cookie-notice* cookie-agreed* cookies_accepted cookies-accepted cookiesaccepted accept_cookies
  acceptcookies *cookiebar* *cookiebanner* *cookie-banner* *cookie_banner* cookiepolicy* cookie_policy* cky-* cmplz_* moove_gdpr* *gdpr*
  viewed_cookie_policy cookielawinfo-* *cookielaw* borlabs-cookie real_cookie_banner* usprivacy didomi_token uc_user_interaction
  iubenda* _iub_* klaro tarteaucitron us_privacy gpp gpp_sid __gpp* cmapi_* cookiecontrol civiccookiecontrol cookie-preferences
  cookie_preferences cookies_policy cookie_optin axeptio_* axeptio_authorized* termly* osano_* notice_behavior notice_preferences truste.* socs cc_cookie
  cookiefirst-* cookiescript* fccdcf fcnec *ccpa* euconsent*
  __cf_bm __cflb __cfruid __cfseq* __cfwaitingroom _cfuvid cf_clearance cf_chl_* cf_ob_* cf_use_ob incap_ses_* visid_incap_* nlbi_*
  reese84 ak_bmsc bm_* _abck akacd_* aka_a2 akavpau_* datadome _px _px2 _px3 _pxhd _pxvid pxcts sucuri_* __ddg* aslbsa
  aslbsacors x-ms-routing-name arraffinity arraffinitysamesite awsalb awsalbcors awsalbtg awsalbtgcors awsalbapp-* awselb awselbcors
  applicationgatewayaffinity
  applicationgatewayaffinitycors ingresscookie akaalb_* gclb gcilb serverid srv_id srvid server_id backend_id bigipserver* ts01* tsa* nsc_esns nsc_vs* route jroute lb lbid
  kemp* haproxy* sticky stickyid sl-* sl-session dnt wordpress_test_cookie testcookie cookietest cookies_enabled mage-cache-* mage-cache-sessid mage-messages
  mage-translation-* private_content_version section_data_ids last_visited_store strata-epoch`);
