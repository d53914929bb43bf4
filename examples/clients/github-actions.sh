# GitHub provides the OIDC token automatically
IDENTITY=$(curl -s -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=satgate" | jq -r '.value')

# Exchange for SatGate capability token
SATGATE_TOKEN=$(curl -s -X POST $SATGATE_MINT_URL \
  -H "Content-Type: application/json" \
  -d "{\"credentials\": \"$IDENTITY\"}" | jq -r '.token')

echo "SATGATE_TOKEN=$SATGATE_TOKEN" >> $GITHUB_ENV
